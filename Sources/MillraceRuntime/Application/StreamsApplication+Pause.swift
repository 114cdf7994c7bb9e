import Millrace

/// Processing that is paused and resumed while the application runs (KIP-834).
extension StreamsApplication {
    /// Pauses all tasks of this instance: they process no records and run no punctuations until ``resume()``. Kafka:
    /// `KafkaStreams.pause`.
    ///
    /// ```swift
    /// application.pause()
    /// ```
    ///
    /// Each thread takes notice between two steps, within 200 ms if it has nothing to do. What was processed before is committed. The
    /// instance stays in its group, restores stores, keeps standbys and global tables up to date, and answers queries. It fetches no
    /// more records of paused tasks, so their lag grows.
    ///
    /// It is a setting of this instance, kept in memory: it outlives rebalances, and holds for whatever tasks the instance gets. It
    /// can be made before `run`. Another instance is not paused, and neither is this one after a restart.
    public func pause() { supervisor.pause.pause(supervisor.pausableSubtopologies) }

    /// Pauses the tasks of one sub-topology of this instance, as ``pause()`` does. Other sub-topologies go on: those downstream
    /// process what the repartition topics between them hold, those upstream write to these topics, where it waits.
    ///
    /// ```swift
    /// try application.pause(subtopology: 1)
    /// ```
    ///
    /// - Parameter subtopology: the number of the sub-topology in `Topology.describe()`.
    /// - Throws: `StreamsError` with code `.subtopologyUnknown` if there is none with this number, or if it fills a global table,
    ///   which cannot be paused.
    public func pause(subtopology: Int) throws { supervisor.pause.pause([try supervisor.pausable(subtopology)]) }

    /// Resumes all tasks of this instance, whatever was paused. Kafka: `KafkaStreams.resume`.
    ///
    /// ```swift
    /// application.resume()
    /// ```
    ///
    /// Each punctuation by the wall clock that was missed runs once, and then at its old times again.
    public func resume() { supervisor.pause.resume(supervisor.pausableSubtopologies) }

    /// Resumes the tasks of one sub-topology of this instance; others stay paused.
    ///
    /// - Parameter subtopology: the number of the sub-topology in `Topology.describe()`.
    /// - Throws: `StreamsError` with code `.subtopologyUnknown`.
    public func resume(subtopology: Int) throws { supervisor.pause.resume([try supervisor.pausable(subtopology)]) }

    /// Whether all of this instance's sub-topologies are paused. Kafka: `KafkaStreams.isPaused`.
    public var isPaused: Bool {
        let pausable = supervisor.pausableSubtopologies
        return !pausable.isEmpty && supervisor.pause.paused.isSuperset(of: pausable)
    }

    /// The numbers of the sub-topologies that are paused on this instance, in ascending order.
    public var pausedSubtopologies: [Int] { supervisor.pause.paused.sorted() }
}

extension Supervisor {
    /// The numbers of the sub-topologies that have tasks.
    var pausableSubtopologies: [Int] { topology.subtopologies.filter { !$0.isGlobal }.map(\.id) }

    /// Returns the number of a sub-topology that can be paused.
    fileprivate func pausable(_ subtopology: Int) throws -> Int {
        let pausable = pausableSubtopologies
        if pausable.contains(subtopology) { return subtopology }
        let isGlobal = topology.subtopologies.contains { $0.id == subtopology }
        throw StreamsError(
            .subtopologyUnknown,
            isGlobal
                ? "sub-topology \(subtopology) fills a global table, which cannot be paused"
                : "there is no sub-topology \(subtopology); there are \(pausable)")
    }
}

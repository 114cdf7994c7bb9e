import Millrace
import MillraceEngine

/// A fault that is planted to show that a simulation finds it.
///
/// The fault is in the settings and clients that an instance's worker is given, or around the stores that its server reads. The
/// worker and the decisions about routed reads are those of production, and know of no fault.
package struct PlantedFault: Sendable, Hashable, CustomStringConvertible {
    /// The fault in one sentence.
    package let description: String
    /// Changes a worker's settings.
    let changeSettings: @Sendable (inout WorkerConfiguration) -> Void
    /// Changes the settings of the consumer that is the worker's member of the group.
    let changeConsumer: @Sendable (inout SimulatedConsumer.Settings) -> Void
    /// Wraps a worker's ports.
    let wrapPorts: @Sendable (inout WorkerPorts, FaultyWorker) -> Void

    /// Returns the stores that an instance's server reads.
    let serveStores: @Sendable (LocalStores) -> ServedStores
    /// Wraps an index on disk; `nil` if it is not changed.
    let wrapIndex: (@Sendable (any StoreIndex, FaultyIndexSetting) -> any StoreIndex)?
    /// The fault of the files of indexes; `nil` for none.
    let fileFault: IndexFileFault?

    init(
        _ description: String,
        changeSettings: @escaping @Sendable (inout WorkerConfiguration) -> Void = { _ in },
        changeConsumer: @escaping @Sendable (inout SimulatedConsumer.Settings) -> Void = { _ in },
        wrapPorts: @escaping @Sendable (inout WorkerPorts, FaultyWorker) -> Void = { _, _ in },
        serveStores: @escaping @Sendable (LocalStores) -> ServedStores = { ServedStores($0) },
        wrapIndex: (@Sendable (any StoreIndex, FaultyIndexSetting) -> any StoreIndex)? = nil,
        fileFault: IndexFileFault? = nil
    ) {
        self.wrapIndex = wrapIndex
        self.fileFault = fileFault
        self.serveStores = serveStores
        self.description = description
        self.changeSettings = changeSettings
        self.changeConsumer = changeConsumer
        self.wrapPorts = wrapPorts
    }

    package static func == (left: Self, right: Self) -> Bool { left.description == right.description }

    package func hash(into hasher: inout Hasher) { hasher.combine(description) }
}

/// A worker whose ports a fault wraps, as the fault sees it.
struct FaultyWorker {
    /// Returns the tasks that it runs.
    let openTasks: () -> [StreamTask]
    /// Returns whether it is being removed from its instance.
    let isBeingRemoved: () -> Bool
}

extension PlantedFault {
    package static let all: [PlantedFault] =
        [
            storeBeforeTransaction, commitWithoutGeneration, loseRestoredTail, ignorePendingOffsets,
            memberViewOfTopics, firstPartitionCounts, offsetsOfOldTopic, promoteUnchanged, longOffsetMetadata,
            skipRefusedChanges, readAheadOfActive, countForeignMembers, unmatchedAnswerLast, forgetTimes,
            positionBeforeCommit, viewBeforeCommit, ignorePause, loseLastCommit, keepLocks,
        ] + ofRouting + ofIndexes

    // MARK: Faults of settings

    package static let longOffsetMetadata = PlantedFault(
        "what operators keep beside an offset is written in full, however much the broker takes",
        changeSettings: { $0.maxOffsetMetadataLength = .max })

    package static let countForeignMembers = PlantedFault(
        "every member of the group is given tasks, a plain consumer too",
        changeSettings: { $0.identity = nil })

    package static let ignorePendingOffsets = PlantedFault(
        "offsets that an open transaction is about to commit are not awaited",
        changeConsumer: { $0.awaitsPendingOffsets = false })

    package static let ignorePause = PlantedFault(
        "a paused task processes records and runs its punctuations", changeSettings: { $0.pausedSubtopologies = { [] } }
    )

    // MARK: Faults of the producer

    package static let storeBeforeTransaction = PlantedFault(
        "stores are checkpointed before the transaction is committed",
        wrapPorts: { ports, worker in ports.wrapProducers { StoringProducer($0, openTasks: worker.openTasks) } })

    package static let positionBeforeCommit = PlantedFault(
        "those who query stores are told of a commit's position before it has been made",
        wrapPorts: { ports, worker in
            ports.wrapProducers { producer in
                AnnouncingProducer(producer, openTasks: worker.openTasks) { task in
                    for store in task.stores { store.committedView?.recordCommit(task.committedPosition) }
                }
            }
        })

    package static let viewBeforeCommit = PlantedFault(
        "those who query custom stores see what is in them before it is committed",
        wrapPorts: { ports, worker in
            ports.wrapProducers { producer in
                AnnouncingProducer(producer, openTasks: worker.openTasks) { task in
                    for store in task.stores { store.publishCustomView() }
                }
            }
        })

    package static let commitWithoutGeneration = PlantedFault(
        "offsets are committed without the member's generation",
        wrapPorts: { ports, _ in ports.wrapProducers { UnfencedProducer($0) } })

    package static let skipRefusedChanges = PlantedFault(
        "a change that a changelog refuses is skipped",
        wrapPorts: { ports, _ in ports.wrapProducers { SkippingProducer($0) } })

    package static let unmatchedAnswerLast = PlantedFault(
        "the old foreign key of a left join answers too, with null, and that answer may come last",
        wrapPorts: { ports, _ in ports.wrapProducers { AnswerAskingProducer($0) } })

    // MARK: Faults of the consumers

    package static let loseRestoredTail = PlantedFault(
        "the end of a changelog is not read when a store is restored",
        wrapPorts: { ports, _ in ports.wrapRestoreConsumers { TailLosingReader($0) } })

    package static let promoteUnchanged = PlantedFault(
        "a standby becomes active without the end of its changelogs",
        wrapPorts: { ports, _ in
            let standbys = StandbyPartitions()
            let makeStandbyConsumer = ports.makeStandbyConsumer ?? ports.makeRestoreConsumer
            ports.makeStandbyConsumer = { RecordingReader(try makeStandbyConsumer(), standbys) }
            ports.wrapRestoreConsumers { OtherwiseRestoringReader($0, standbys) }
        })

    package static let readAheadOfActive = PlantedFault(
        "a standby reads a source topic beyond what is committed of it",
        wrapPorts: { ports, _ in ports.consumer = AheadOfCommitsConsumer(ports.consumer) })

    package static let forgetTimes = PlantedFault(
        "the times that operators keep do not outlive the task, so that closed windows take records again",
        wrapPorts: { ports, _ in ports.consumer = TimelessConsumer(ports.consumer) })

    // MARK: Faults of the group and of topics

    package static let memberViewOfTopics = PlantedFault(
        "which topics match is each member's own view",
        wrapPorts: { ports, _ in
            let consumer = SubscriptionRecordingConsumer(ports.consumer)
            ports.consumer = consumer
            ports.admin = MemberViewAdmin(ports.admin, consumer)
        })

    package static let firstPartitionCounts = PlantedFault(
        "the partition counts of topics stay as they were at the start",
        wrapPorts: { ports, _ in ports.admin = FirstCountsAdmin(ports.admin) })

    package static let offsetsOfOldTopic = PlantedFault(
        "what is committed of a topic counts for another one that is created under its name",
        wrapPorts: { ports, _ in ports.admin = FirstTopicIDsAdmin(ports.admin) })
}

extension WorkerPorts {
    mutating func wrapProducers(_ wrap: @escaping (any ProducerPort) -> any ProducerPort) {
        let make = makeProducer
        makeProducer = { wrap(try make()) }
    }

    fileprivate mutating func wrapRestoreConsumers(_ wrap: @escaping (any ReaderPort) -> any ReaderPort) {
        let make = makeRestoreConsumer
        makeRestoreConsumer = { wrap(try make()) }
    }
}

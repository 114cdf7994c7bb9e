import Synchronization

/// Versions of entries, as other caches and this application announce them.
extension CacheCore {
    /// Takes announcements of other caches.
    package func received(_ announcements: [EmbeddingAnnouncement], nowMs: Int64) -> [Action] {
        state.withLock { state in
            if state.isClosed { return [] }
            for announcement in announcements where announcement.origin != configuration.origin {
                consider(announcement, nowMs: nowMs, &state)
            }
            return startLoads(nowMs: nowMs, &state)
        }
    }

    /// Takes the word of this application that a key has changed in the source, and tells the other caches.
    package func changed(_ key: EmbeddingKey, version: Int64?, nowMs: Int64) -> [Action] {
        let announcement = EmbeddingAnnouncement(key, version: version, origin: configuration.origin)
        return state.withLock { state in
            if state.isClosed { return [] }
            consider(announcement, nowMs: nowMs, &state)
            state.figures.publishedAnnouncements += 1
            return [.publish([announcement])] + startLoads(nowMs: nowMs, &state)
        }
    }

    private func consider(_ announcement: EmbeddingAnnouncement, nowMs: Int64, _ state: inout State) {
        let (key, version) = (announcement.key, announcement.version)
        if var flight = state.table.flights[key] {
            // News are worth another load.
            if flight.owed.take(version) { flight.hasRetried = false }
            if version == nil, case .running = flight.state { flight.isOutdated = true }
            state.table.flights[key] = flight
            if contents.peek(key, nowMs: nowMs) == .absent { endAbsence(of: key) }
            state.figures.loadedAnnouncements += 1
            return
        }
        let present = contents.peek(key, nowMs: nowMs)
        if case .found(let embedding) = present, let version, embedding.version >= version {
            state.figures.knownAnnouncements += 1
            return
        }
        if present == .absent, !endAbsence(of: key) { return }
        var flight = state.table.newFlight(of: key)
        if flight.owed.take(version) { flight.hasRetried = false }
        if case .found = present { flight.isRefresh = true }
        guard configuration.loadsAnnouncedKeys || flight.isRefresh else { return remember(key, flight, &state) }
        guard state.table.waitingAnnouncements < configuration.maxWaitingAnnouncements else {
            state.figures.droppedAnnouncements += 1
            if flight.isRefresh { contents.remove(key, for: .outdated) }
            return remember(key, flight, &state)
        }
        state.figures.loadedAnnouncements += 1
        state.table.enqueue(key, flight, forMiss: false)
    }

    @discardableResult
    private func endAbsence(of key: EmbeddingKey) -> Bool {
        guard rules.endsAbsences else { return false }
        contents.remove(key, for: nil) { $0 == .absent }
        return true
    }
}

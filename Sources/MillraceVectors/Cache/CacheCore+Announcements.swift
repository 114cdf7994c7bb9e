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
            if let version {
                flight.minVersion = max(flight.minVersion, version)
            } else {
                flight.hasUnknownVersion = true
                if case .running = flight.state { flight.isOutdated = true }
            }
            state.table.flights[key] = flight
            if contents.peek(key, nowMs: nowMs) == .absent { endAbsence(of: key) }
            state.figures.loadedAnnouncements += 1
            return
        }
        var flight = state.table.newFlight()
        flight.minVersion = version ?? .min
        flight.hasUnknownVersion = version == nil
        switch contents.peek(key, nowMs: nowMs) {
        case .found(let embedding):
            if let version, embedding.version >= version {
                state.figures.knownAnnouncements += 1
                return
            }
            flight.isRefresh = true
        case .absent: if !endAbsence(of: key) { return }
        case .missing: break
        }
        guard configuration.loadsAnnouncedKeys || flight.isRefresh else { return }
        guard state.table.waitingAnnouncements < configuration.maxWaitingAnnouncements else {
            state.figures.droppedAnnouncements += 1
            if flight.isRefresh { contents.remove(key, for: .outdated) }
            return
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

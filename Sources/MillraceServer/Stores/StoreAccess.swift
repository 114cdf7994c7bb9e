import HTTPTypes
import Millrace
import MillraceRuntime
import Synchronization

/// The stores of this instance, as bytes. A store's handle is made when it is first asked for, because a store that is followed
/// costs memory.
final class StoreAccess: Sendable {
    let application: StreamsApplication
    let limits: ServerLimits
    private let handles = Mutex<[String: QueryableBytesStore]>([:])
    private let scans: Slots
    private let searches: Slots

    init(application: StreamsApplication, limits: ServerLimits) {
        self.application = application
        self.limits = limits
        scans = Slots(limits.maxScans, "scans")
        searches = Slots(limits.maxSearches, "searches")
    }

    /// Returns the handle of a store.
    ///
    /// - Throws: `StreamsError` with code `.storeUnknown` or `.storeMismatch`.
    func handle(_ store: String) throws -> QueryableBytesStore {
        if let known = handles.withLock({ $0[store] }) { return known }
        let made = try application.store(.bytes(store))
        handles.withLock { $0[store] = made }
        return made
    }

    /// Returns a handle of one partition, or of all that are here.
    func handle(_ store: String, partition: Int32?, readsStale: Bool) throws -> QueryableBytesStore {
        let all = try handle(store)
        if partition == nil, !readsStale { return all }
        var query = StoreQuery.bytes(store)
        if let partition { query = query.partition(partition) }
        return try application.store(readsStale ? query.enableStaleStores() : query)
    }

    /// Takes the place of a scan, if not too many are running.
    func takeScan() throws(Failure) -> Slot { try scans.take() }

    /// Takes the place of a search, if not too many are running.
    func takeSearch() throws(Failure) -> Slot { try searches.take() }
}

/// A number of places, each of which one request can have.
final class Slots: Sendable {
    private let count: Int
    private let what: String
    private let taken = Mutex(0)

    /// - Parameter what: what has the places, in the plural.
    init(_ count: Int, _ what: String) {
        self.count = count
        self.what = what
    }

    /// - Throws: `Failure` with 429 if all are taken.
    func take() throws(Failure) -> Slot {
        let isTaken = taken.withLock { taken in
            if taken >= count { return false }
            taken += 1
            return true
        }
        guard isTaken else {
            throw Failure(.tooManyRequests, "too_many_\(what)", "\(count) \(what) are running: try again later")
        }
        return Slot(self)
    }

    fileprivate func giveBack() { taken.withLock { $0 -= 1 } }
}

/// A place of a request. It is free again when the request says so, or when nobody holds it any more. A request says so before the end
/// of its answer is sent: whoever has the answer may ask again at once.
final class Slot: Sendable {
    private let slots: Slots
    private let isFree = Atomic(false)

    fileprivate init(_ slots: Slots) { self.slots = slots }

    deinit { free() }

    /// Gives the place to others.
    func free() {
        if !isFree.exchange(true, ordering: .relaxed) { slots.giveBack() }
    }
}

import Millrace
import Synchronization

/// One partition of a custom store as of its last commit, for readers on any thread: the view that the store made then.
final class CommittedCustomView: StoreReader {
    private let name: String
    private let signal: CommitSignal?
    private let contents: Mutex<Contents>

    private struct Contents {
        var view: Result<any Sendable, any Error>
        var position: Position
        var sizeInBytes: Int
        var isClosed = false
    }

    init(
        of name: String, _ view: Result<any Sendable, any Error>, at position: Position, sizeInBytes: Int,
        signal: CommitSignal?
    ) {
        self.name = name
        self.signal = signal
        contents = Mutex(Contents(view: view, position: position, sizeInBytes: sizeInBytes))
    }

    // MARK: The task's side

    func publish(_ view: Result<any Sendable, any Error>, at position: Position, sizeInBytes: Int) {
        contents.withLock { contents in
            contents.view = view
            contents.position = position
            contents.sizeInBytes = sizeInBytes
        }
        signal?.signal()
    }

    func close() {
        contents.withLock { $0.isClosed = true }
        signal?.signal()
    }

    // MARK: The readers' side

    func pin() throws -> (reader: any StoreReader, position: Position) {
        let copy = try opened()
        return (
            CommittedCustomView(
                of: name, copy.view, at: copy.position, sizeInBytes: copy.sizeInBytes, signal: nil), copy.position
        )
    }

    func position() throws -> Position { try opened().position }
    func customView() throws -> any Sendable { try opened().view.get() }

    var approximateSize: StoreSize? {
        contents.withLock { StoreSize(entryCount: nil, sizeInBytes: $0.sizeInBytes) }
    }

    private func opened() throws -> Contents {
        try contents.withLock { contents in
            if contents.isClosed {
                throw StreamsError(
                    .storeUnavailable, "the store \(name) was closed, for its task is moving or restarting")
            }
            return contents
        }
    }

    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
        throw noMap
    }

    func snapshot() throws -> any KeyValueBytesStore { throw noMap }

    private var noMap: StreamsError {
        StreamsError(.storeMismatch, "the store \(name) is a custom one, which is read by its own view")
    }
}

extension CustomStore {
    /// Returns the store's view of its present contents.
    func makeView() -> Result<any Sendable, any Error> {
        func view<Store: QueryableStateStore>(of store: Store) throws -> any Sendable { try store.makeView() }
        return Result {
            guard let store = stateStore as? any QueryableStateStore else {
                throw StreamsError(.storeMismatch, "the custom store cannot be queried: it is no QueryableStateStore")
            }
            return try view(of: store)
        }
    }
}

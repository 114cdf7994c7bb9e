import Millrace
import MillraceRuntime
import Synchronization

/// The address of this instance.
struct OwnAddress: Sendable {
    let application: StreamsApplication
    let listening: ListeningAddress

    /// The address that the other instances were told when this one joined the group; nil if they were told none.
    var told: InstanceAddress? { application.configuration.applicationServer.flatMap(InstanceAddress.init) }

    /// The address that answers show: the one that others were told, or else where the server listens, unless that is every address
    /// of the machine.
    var shown: InstanceAddress? {
        if let told { return told }
        guard let address = listening.current, !["0.0.0.0", "::"].contains(address.host) else { return nil }
        return address
    }
}

/// The address at which a server listens, once it does.
final class ListeningAddress: Sendable {
    private let state = Mutex(State())

    private struct State {
        var address: InstanceAddress??
        var waiting: [CheckedContinuation<InstanceAddress?, Never>] = []
    }

    func set(_ address: InstanceAddress?) {
        let waiting = state.withLock { state in
            state.address = .some(address)
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume(returning: address) }
    }

    /// The address at this moment; nil if the server does not listen.
    var current: InstanceAddress? { state.withLock { $0.address ?? nil } }

    /// The address once the server listens; nil if it has ended.
    var value: InstanceAddress? {
        get async {
            await withCheckedContinuation { continuation in
                let known: InstanceAddress?? = state.withLock { state in
                    if state.address == nil { state.waiting.append(continuation) }
                    return state.address
                }
                if let known { continuation.resume(returning: known) }
            }
        }
    }
}

/// The moment at which a windowed aggregation hands its results on. Kafka: `EmitStrategy` (KIP-825).
public enum EmitStrategy: Sendable, Hashable {
    /// With every change of a window, so that a window has many results, each replacing the previous one. The default.
    case onWindowUpdate
    /// Once, when the window and its grace are over: the final result.
    ///
    /// The operator looks for windows that are over when a record arrives, at most once a second. Its progress is committed
    /// with the offsets, so that after a restart no window is forwarded twice and none is missed.
    case onWindowClose
}

/// When a windowed aggregation hands its results on. Kafka: `EmitStrategy` (KIP-825).
public enum EmitStrategy: Sendable, Hashable {
    /// With every change of a window, so that a window has many results, each replacing the one before. The default.
    case onWindowUpdate
    /// Once, when the window and its grace are over: the final result.
    ///
    /// Which windows are over is looked at when a record comes, at most once a second. How far it has
    /// got is committed with the offsets, so that no window is handed on twice or not at all after a restart.
    case onWindowClose
}

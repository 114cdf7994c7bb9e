/// The guarantee for the effects of each record.
public enum ProcessingGuarantee: String, Sendable, Hashable, CaseIterable {
    /// Results, state and progress are committed together, in a transaction: each record takes effect once.
    case exactlyOnce = "exactly-once"
    /// No record is lost; after a failure some are processed again, and their results written twice.
    case atLeastOnce = "at-least-once"
}

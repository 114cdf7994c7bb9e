import Millrace
import MillraceConnect
import RedisClient

/// The making of commands from records, and of the things that the target needs for them.
protocol SinkCommands: Sendable {
    /// The type of the keys, in the words of the command TYPE.
    var keyType: String { get }
    /// Whether the target is filled from the topics' beginning if it has no offset, such as after the loss of its data.
    var beginsAnew: Bool { get }
    /// The words for the target in messages.
    var subject: String { get }

    /// Makes the things that the target lacks. Called before each beginning, and every half a minute.
    ///
    /// - Throws: `RedisError`, ``ConnectorError``.
    func prepare(_ session: any RedisSession) throws

    /// Returns the commands for a record.
    ///
    /// - Throws: `SinkRefusal`.
    func commands(for record: SinkRecord) throws(SinkRefusal) -> [SinkCommand]
}

/// The reason why a record cannot be written.
struct SinkRefusal: Error {
    var reason: String

    init(_ reason: String) { self.reason = reason }
}

import MillraceEngine

extension SenderPort {
    /// Returns the number of a topic that exists. Records for one that does not would fail long after they were sent, when the client has
    /// asked for the topic in vain.
    ///
    /// - Parameter role: what the topic is for, to stand before its name in a sentence.
    /// - Throws: ``ConnectorError`` that says that the topic is missing; `PortError`.
    func existingTopic(named name: String, role: String = "topic") throws -> Int {
        let number = try topic(named: name)
        do throws(PortError) {
            _ = try partitionCount(of: number)
        } catch {
            guard error.isTopicMissing else { throw error }
            throw ConnectorError(
                .temporary, "The \(role) \(name) does not exist: create it. The connector waits for it.")
        }
        return number
    }
}

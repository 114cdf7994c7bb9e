/// A regular expression that the whole name of a topic has to match.
@usableFromInline
package struct TopicPattern: Hashable, Sendable {
    package let text: String

    @usableFromInline
    package init(_ text: String) { self.text = text }

    /// The description of the problem with the expression, if any.
    package var problem: String? {
        do {
            _ = try Regex(text)
            return nil
        } catch {
            return "\"\(text)\" is no regular expression: \(error)"
        }
    }

    package func matches(_ topic: String) -> Bool {
        // An invalid expression was reported when the topology was built.
        guard let expression = try? Regex(text) else { return false }
        return topic.wholeMatch(of: expression) != nil
    }
}

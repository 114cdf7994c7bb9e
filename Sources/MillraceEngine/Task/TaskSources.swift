import Millrace

/// The sources that make readers of a topic's partitions: the one that names the topic, or one whose pattern matches it.
struct TaskSources {
    private var byTopic: [String: () throws -> SourceReader] = [:]
    private var byPattern: [(pattern: TopicPattern, make: () throws -> SourceReader)] = []

    subscript(topic: String) -> (() throws -> SourceReader)? {
        get { byTopic[topic] ?? byPattern.first { $0.pattern.matches(topic) }?.make }
        set { byTopic[topic] = newValue }
    }

    mutating func add(_ pattern: TopicPattern, _ make: @escaping () throws -> SourceReader) {
        byPattern.append((pattern, make))
    }
}

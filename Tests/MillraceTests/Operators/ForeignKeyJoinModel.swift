import Millrace

/// A model of a foreign-key join of Kafka Streams 4.1.2 for records in a given order: its two tables, its subscriptions, and the
/// messages that are on their way, each in its partition.
///
/// It is written from the description of the join, with nothing of the operators. A left value names its foreign key before
/// a dot. Where Kafka sends a hash of the left value the model sends the value.
struct ForeignKeyJoinModel {
    enum Instruction {
        case deleteQuietly, deleteAndAnswer, answerAlways, answerIfThere
    }

    enum Message {
        case left(key: String, value: String?)
        case right(key: String, value: String?)
        case subscription(foreignKey: String?, key: String, about: String?, Instruction)
        case answer(key: String, about: String?, value: String?)
    }

    struct Place: Hashable {
        enum Topic { case left, right, subscriptions, answers }
        var topic: Topic
        var partition: Int32
    }

    let isLeftJoin: Bool
    let leftPartitions: Int32
    let rightPartitions: Int32
    private(set) var left: [String: String] = [:]
    private(set) var right: [String: String] = [:]
    private(set) var results: [String: [String?]] = [:]
    /// By foreign key: the left values that want to know of it, by primary key.
    private var subscribers: [String: [String: String?]] = [:]
    private var queues: [Place: [Message]] = [:]

    init(isLeftJoin: Bool, leftPartitions: Int32, rightPartitions: Int32) {
        self.isLeftJoin = isLeftJoin
        self.leftPartitions = leftPartitions
        self.rightPartitions = rightPartitions
    }

    static func foreignKey(_ value: String) -> String? { value.firstIndex(of: ".").map { String(value[..<$0]) } }

    /// The join of the two tables as they are: what the last results have to be.
    var joined: [String: String] {
        left.reduce(into: [:]) { joined, entry in
            let match = Self.foreignKey(entry.value).flatMap { right[$0] }
            if match != nil || isLeftJoin { joined[entry.key] = "\(entry.value)|\(match ?? "-")" }
        }
    }

    /// The last result of each key.
    var lastResults: [String: String] { results.compactMapValues { $0.last ?? nil } }

    mutating func send(_ message: Message) {
        let place =
            switch message {
            case .left(let key, _): Place(topic: .left, partition: partition(of: key, leftPartitions))
            case .right(let key, _): Place(topic: .right, partition: partition(of: key, rightPartitions))
            case .subscription(let foreignKey, _, _, _):
                Place(topic: .subscriptions, partition: partition(of: foreignKey, rightPartitions))
            case .answer(let key, _, _): Place(topic: .answers, partition: partition(of: key, leftPartitions))
            }
        queues[place, default: []].append(message)
    }

    private func partition(of key: String?, _ count: Int32) -> Int32 {
        guard let key else { return 0 }
        return Array(key.utf8).withUnsafeBytes { KafkaPartitioner.partition(for: $0, count: count) }
    }

    /// Processes the first message of a partition. Returns false if there is none.
    mutating func process(_ place: Place) -> Bool {
        guard var queue = queues[place], !queue.isEmpty else { return false }
        let message = queue.removeFirst()
        queues[place] = queue
        switch message {
        case .left(let key, let value): change(key, from: left.updateValue(value, for: key), to: value)
        case .right(let key, let value):
            _ = right.updateValue(value, for: key)
            for (subscriber, about) in (subscribers[key] ?? [:]).sorted(by: { $0.key < $1.key }) {
                send(.answer(key: subscriber, about: about, value: value))
            }
        case .subscription(let foreignKey, let key, let about, let instruction):
            subscribe(key, to: foreignKey, about, instruction)
        case .answer(let key, let about, let value): resolve(key, about, value)
        }
        return true
    }

    private mutating func change(_ key: String, from old: String?, to new: String?) {
        let (oldForeignKey, newForeignKey) = (old.flatMap(Self.foreignKey), new.flatMap(Self.foreignKey))
        func ask(_ foreignKey: String?, _ instruction: Instruction, _ model: inout Self) {
            model.send(.subscription(foreignKey: foreignKey, key: key, about: new, instruction))
        }
        if isLeftJoin {
            if old == nil, new == nil { return }
            if let oldForeignKey, oldForeignKey != newForeignKey { ask(oldForeignKey, .deleteQuietly, &self) }
            ask(newForeignKey, .answerAlways, &self)
            return
        }
        guard let newForeignKey else {
            if let oldForeignKey { ask(oldForeignKey, .deleteAndAnswer, &self) }
            return
        }
        guard let oldForeignKey, oldForeignKey != newForeignKey else {
            return ask(newForeignKey, .answerIfThere, &self)
        }
        ask(oldForeignKey, .deleteQuietly, &self)
        ask(newForeignKey, .answerAlways, &self)
    }

    private mutating func subscribe(
        _ key: String, to foreignKey: String?, _ about: String?, _ instruction: Instruction
    ) {
        let value = foreignKey.flatMap { right[$0] }
        switch instruction {
        case .deleteQuietly, .deleteAndAnswer:
            if let foreignKey { subscribers[foreignKey]?[key] = nil }
            if instruction == .deleteAndAnswer { send(.answer(key: key, about: about, value: nil)) }
        case .answerAlways, .answerIfThere:
            if let foreignKey { subscribers[foreignKey, default: [:]].updateValue(about, forKey: key) }
            if instruction == .answerAlways || value != nil { send(.answer(key: key, about: about, value: value)) }
        }
    }

    private mutating func resolve(_ key: String, _ about: String?, _ value: String?) {
        guard left[key] == about else { return }
        let result = left[key].flatMap { value != nil || isLeftJoin ? "\($0)|\(value ?? "-")" : nil }
        results[key, default: []].append(result)
    }
}

extension [String: String] {
    /// Sets or removes a value, and returns the one before.
    fileprivate mutating func updateValue(_ value: String?, for key: String) -> String? {
        defer { self[key] = value }
        return self[key]
    }
}

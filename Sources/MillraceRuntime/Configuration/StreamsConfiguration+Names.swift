import Millrace

extension StreamsConfiguration {
    /// Returns the problems of names: of the application, the instance, and the dead-letter topics.
    func nameProblems() -> [String] {
        var problems: [String] = []
        if KafkaName.problem(of: applicationID) != nil || applicationID.utf8.count > Self.maxApplicationIDLength {
            problems.append(
                "application id \(KafkaName.quoted(applicationID)): 1 to \(Self.maxApplicationIDLength) letters, digits, '.', '_' and "
                    + "'-' only")
        }
        if instanceID == "" {
            problems.append("instance id: it is empty; leave it out for a dynamic member")
        } else if let instanceID, let problem = KafkaName.problem(of: "\(instanceID)-\(max(1, threads) - 1)") {
            problems.append("instance id \(KafkaName.quoted(instanceID)), with a worker's number: it \(problem)")
        }
        for topic in errorHandlers.deadLetterTopics {
            guard let problem = KafkaName.problem(of: topic) else { continue }
            problems.append("dead-letter topic: the name \(KafkaName.quoted(topic)) \(problem)")
        }
        return problems
    }

    /// The longest application id. It leaves room for the names of stores and for suffixes.
    static let maxApplicationIDLength = 200
}

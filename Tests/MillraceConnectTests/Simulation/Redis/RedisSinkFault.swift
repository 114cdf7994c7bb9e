import Testing

/// A mistake that the sink of streams could make.
struct RedisSinkFault: CustomTestStringConvertible, Sendable {
    let testDescription: String
    /// Whether a script compares the offset with the one that the writer knows.
    var comparesOffset = true
    /// Whether a script compares the writer with the one that began last.
    var comparesWriter = true
    /// Whether the offset is written with a command of its own, after the script.
    var splitsOffset = false
    /// Whether a script finds out that it may not write only after its first entry.
    var refusesLate = false
    /// Whether the refusal of a script is taken for success.
    var hidesRefusals = false
    /// The time after which the group hears of the first commits.
    var settlingMs: Int64 = 2_500

    static let none = RedisSinkFault(testDescription: "none")

    static let all = [
        RedisSinkFault(
            testDescription: "a script compares neither the writer nor the offset", comparesOffset: false,
            comparesWriter: false),
        RedisSinkFault(
            testDescription: "a script does not compare the offset, and passes one that was refused",
            comparesOffset: false),
        RedisSinkFault(testDescription: "the offset is written after the script", splitsOffset: true),
        RedisSinkFault(testDescription: "a script is refused after its first entry", refusesLate: true),
        RedisSinkFault(testDescription: "a script's refusal is taken for success", hidesRefusals: true),
        RedisSinkFault(
            testDescription: "the group hears at once of a first commit that a failover undoes", settlingMs: 0),
    ]
}

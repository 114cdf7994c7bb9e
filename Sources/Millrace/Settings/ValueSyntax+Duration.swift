extension ValueSyntax where Value == Duration {
    /// A time with its unit, as configuration files in JSON have it: `100ms`, `30s`, `5m`, `1h`, `7d`.
    package static func duration(in range: ClosedRange<Duration>) -> Self {
        let bounds = "from \(text(range.lowerBound)) to \(text(range.upperBound))"
        return ValueSyntax(
            expectation: "a time \(bounds), such as 100ms, 30s or 5m",
            parse: { given in
                guard let unit = units.first(where: { given.hasSuffix($0.name) }),
                    let count = Int64(given.dropLast(unit.name.count)), count >= 0
                else { return nil }
                let (milliseconds, overflow) = count.multipliedReportingOverflow(by: unit.milliseconds)
                let time = Duration.milliseconds(milliseconds)
                return !overflow && range.contains(time) ? time : nil
            },
            text: { text($0) },
            problem: { range.contains($0) ? nil : "\(text($0)), but it has to be \(bounds)" })
    }

    /// The units by falling length, except that "ms" comes before "m" and "s", with which it ends.
    private static var units: [(name: String, milliseconds: Int64)] {
        [("ms", 1), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)]
    }

    private static func text(_ time: Duration) -> String {
        let milliseconds = time.wholeMilliseconds
        let unit = units.dropFirst().first { milliseconds != 0 && milliseconds.isMultiple(of: $0.milliseconds) }
        return unit.map { "\(milliseconds / $0.milliseconds)\($0.name)" } ?? "\(milliseconds)ms"
    }
}

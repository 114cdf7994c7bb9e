import Testing

@testable import MillraceMetrics

@Suite("Metric families")
struct MetricFamilyTests {
    @Test("names follow Prometheus' conventions, and no name is taken twice")
    func names() {
        var taken: Set<String> = []
        for family in MetricFamily.all {
            let description = family.description
            #expect(description.name.wholeMatch(of: /(millrace|process)(_[a-z]+)+/) != nil, "\(description.name)")
            #expect(description.name.hasSuffix("_total") == (description.kind == .counter), "\(description.name)")
            if let unit = description.unit {
                #expect(description.nameWithoutTotal.hasSuffix("_" + unit.rawValue), "\(description.name)")
            } else {
                let unitless = !description.nameWithoutTotal.contains(/_(seconds|bytes|ms|milliseconds)$/)
                #expect(unitless, "\(description.name) has a unit that is not declared")
            }
            #expect(description.help.hasSuffix(".") && description.help.first?.isUppercase == true)
            #expect(Set(description.labels).count == description.labels.count)
            #expect(taken.isDisjoint(with: description.takenNames), "\(description.name)")
            taken.formUnion(description.takenNames)
        }
    }

    @Test("every family has a value in a snapshot that has everything, with a value for each label")
    func values() {
        let snapshot = SampleMetrics.snapshot()
        for family in MetricFamily.all {
            let samples = family.read(snapshot)
            #expect(!samples.isEmpty, "\(family.description.name)")
            for sample in samples {
                let labels = family.description.labels.filter { $0 != "client" }
                #expect(sample.labels.count == labels.count, "\(family.description.name)")
            }
        }
    }
}

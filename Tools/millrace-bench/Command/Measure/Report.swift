import Foundation

/// The measurements, row by row.
struct Report: Codable {
    struct Row: Codable {
        var workload: String
        var variant: String
        var subject: String
        var runs: Int
        var recordsPerSecond: Figure?
        var cpuMicrosecondsPerRecord: Figure?
        var allocationsPerRecord: Figure?
        var peakRSSInMiB: Figure?
        /// This subject's CPU per record as a multiple of another's, by the other's name.
        var cpuRatios: [String: Double] = [:]
        var others: [String: Figure] = [:]
    }

    var machine = Machine()
    var rows: [Row] = []

    /// Adds the costs of the runs of several subjects, and the ratios of the first to the others.
    mutating func add(_ workload: String, _ variant: String, _ subjects: [(name: String, samples: [Sample])]) {
        func cpu(_ samples: [Sample]) -> Figure? { Figure(samples.map(\.cpuMicrosecondsPerRecord)) }
        for (index, (name, samples)) in subjects.enumerated() where !samples.isEmpty {
            var row = Row(workload: workload, variant: variant, subject: name, runs: samples.count)
            row.recordsPerSecond = Figure(samples.map(\.recordsPerSecond))
            row.cpuMicrosecondsPerRecord = cpu(samples)
            row.allocationsPerRecord = Figure(samples.compactMap(\.allocationsPerRecord))
            row.peakRSSInMiB = Figure(samples.compactMap(\.peakRSSInMiB))
            for name in Set(samples.flatMap { ($0.others ?? [:]).keys }) {
                row.others[name] = Figure(samples.compactMap { $0.others?[name] })
            }
            if index == 0, let own = cpu(samples) {
                for (name, others) in subjects.dropFirst() {
                    if let other = cpu(others), other.median > 0 { row.cpuRatios[name] = own.median / other.median }
                }
            }
            rows.append(row)
            Self.log(row)
        }
    }

    private static func log(_ row: Row) {
        FileHandle.standardError.write(Data((line(row) + "\n").utf8))
    }

    func print(asJSON: Bool) throws {
        if asJSON {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            Swift.print(String(decoding: try encoder.encode(self), as: UTF8.self))
            return
        }
        Swift.print("\(machine.processor), \(machine.cores) cores; \(machine.system)\n")
        Swift.print(
            "| workload | variant | subject | records/s | CPU µs/record | allocations/record | peak RSS MiB | |")
        Swift.print("| --- | --- | --- | --- | --- | --- | --- | --- |")
        for row in rows { Swift.print(Self.line(row)) }
    }

    private static func line(_ row: Row) -> String {
        let ratios = row.cpuRatios.sorted { $0.key < $1.key }.map { "\($0.value.text(digits: 2)) × \($0.key)" }
        let others = row.others.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.text(digits: 2))" }
        let cells = [
            row.workload, row.variant, row.subject, row.recordsPerSecond?.text(digits: 0) ?? "",
            row.cpuMicrosecondsPerRecord?.text(digits: 3) ?? "", row.allocationsPerRecord?.text(digits: 2) ?? "",
            row.peakRSSInMiB?.text(digits: 0) ?? "", (ratios + others).joined(separator: ", "),
        ]
        return "| \(cells.joined(separator: " | ")) |"
    }
}

/// The machine of the measurement.
struct Machine: Codable {
    var processor = "unknown processor"
    var cores = ProcessInfo.processInfo.activeProcessorCount
    var system = ProcessInfo.processInfo.operatingSystemVersionString

    init() {
        guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return }
        let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
        if let name = line?.split(separator: ":", maxSplits: 1).last {
            processor = name.trimmingCharacters(in: .whitespaces)
        }
    }
}

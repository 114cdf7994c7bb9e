import MillraceTesting

extension [SimulatedRecord] {
    /// Records of text with distinct values, some of them late.
    ///
    /// - Parameters:
    ///   - keys: the number of keys.
    ///   - everyMs: the time between two records, in ms.
    ///   - jitterMs: the most by which a record is later than that, in ms, so that the next one is out of order.
    ///   - deletions: one in this many has no value; 0 for none.
    static func texts(
        _ topic: String, count: Int = 60, keys: Int = 6, startingAtMs startMs: Int = 0, everyMs: Int = 10,
        jitterMs: Int = 0, deletions: Int = 0, _ random: inout SeededRandom
    ) -> [SimulatedRecord] {
        (0..<count).map { number in
            let isDeletion = deletions > 0 && Int.random(in: 0..<deletions, using: &random) == 0
            return SimulatedRecord(
                topic, "key-\(Int.random(in: 0..<keys, using: &random))", isDeletion ? nil : "\(topic)-\(number)",
                atMs: Int64(startMs + number * everyMs + Int.random(in: 0...jitterMs, using: &random)))
        }
    }

    /// The same records, sent once all records before them are processed.
    func waiting() -> [SimulatedRecord] {
        var records = self
        if !records.isEmpty { records[0].waits = true }
        return records
    }

    /// Records after all others that advance stream time in every partition, step by step, so that waiting results are emitted.
    static func ending(_ topic: String, atMs times: Int64...) -> [SimulatedRecord] {
        times.flatMap { timestampMs in
            (0..<partitionCount).map { partition in
                var record = SimulatedRecord(topic, "end-\(partition)", "end", atMs: timestampMs)
                record.partition = partition
                return record
            }
            .waiting()
        }
    }
}

import Millrace

extension FallibleClosure {
    static var tables: [FallibleClosure] {
        [
            FallibleClosure("KTable.filter.predicate(Key, Value)") {
                leftTable($0).filter { _, _ in try unlessRefused(true) }.toStream().to("out")
            },
            FallibleClosure("KTable.filterNot.predicate(Key, Value)") {
                leftTable($0).filterNot { _, _ in try unlessRefused(false) }.toStream().to("out")
            },
            FallibleClosure("KTable.mapValues.transform(Value)") {
                leftTable($0).mapValues { (value: String) -> String? in try unlessRefused(value) }.toStream().to("out")
            },
            FallibleClosure("KTable.mapValues.transform(Key, Value)") {
                leftTable($0).mapValues { (_: String, value: String) -> String? in try unlessRefused(value) }
                    .toStream().to("out")
            },
            FallibleClosure("KTable.mapValues.transform(Value) [looked up]", rest: .asWithoutItsResult) {
                let mapped = leftTable($0).mapValues { (value: String) -> String? in value }
                    .mapValues { (value: String) -> String? in try unlessRefused(value) }
                right($0).join(mapped) { value, _ in value }.to("out")
            },
            FallibleClosure("KTable.groupBy.selector(Key, Value)") {
                leftTable($0).groupBy { (key, value) -> (String?, String?) in try unlessRefused((key, value)) }.count()
                    .toStream().to("out")
            },
            FallibleClosure("KTable.toStream.selector(Key?, Value)") {
                leftTable($0).toStream { (key: String?, _: String) -> String? in try unlessRefused(key) }.to("out")
            },
            FallibleClosure("KTable.transformValues.makeTransformer [with a store]") {
                leftTable($0).transformValues(into: .store("transformed", value: .string)) { _ in
                    { (_: String, value: String?) -> String? in try unlessRefused(value) }
                }
                .toStream().to("out")
            },
            FallibleClosure("KTable.transformValues.makeTransformer [without a store]") {
                leftTable($0).transformValues { _ in
                    { (_: String, value: String?) -> String? in try unlessRefused(value) }
                }
                .toStream().to("out")
            },
            FallibleClosure("KTable.filter.predicate(Key, Value) [downstream of suppress]", rest: .asWithoutEither) {
                leftTable($0).suppress(.untilTimeLimit(.milliseconds(5))).filter { _, _ in try unlessRefused(true) }
                    .toStream().to("out")
            },
        ]
    }

    // MARK: Joins

    private static let near = JoinWindows.difference(.milliseconds(100))

    static var streamJoins: [FallibleClosure] {
        [
            FallibleClosure("KStream.join(KStream).joiner(Value, Other)", rest: .asWithoutItsResult) {
                left($0).join(right($0), within: near) { try unlessRefused($0 + $1) }.to("out")
            },
            FallibleClosure(
                "KStream.join(KStream).joiner(Value, Other) [of a stream with itself]", rest: .asWithoutItsResult
            ) {
                let stream = left($0)
                stream.join(stream, within: near) { try unlessRefused($0 + $1) }.to("out")
            },
            FallibleClosure("KStream.leftJoin(KStream).joiner(Value, Other?) [with a match]", rest: .otherwise) {
                left($0).leftJoin(right($0), within: near) { left, right in
                    right == nil ? left : try unlessRefused(left)
                }
                .to("out")
            },
            FallibleClosure(
                "KStream.leftJoin(KStream).joiner(Value, Other?) [without a match]", rest: .asWithoutItsResult
            ) {
                left($0).leftJoin(right($0), within: near) { left, right in
                    right != nil ? left : try unlessRefused(left)
                }
                .to("out")
            },
            FallibleClosure("KStream.outerJoin(KStream).joiner(Value?, Other?) [with a match]", rest: .otherwise) {
                left($0).outerJoin(right($0), within: near) { left, right in
                    left == nil || right == nil ? left : try unlessRefused(left)
                }
                .to("out")
            },
            FallibleClosure(
                "KStream.outerJoin(KStream).joiner(Value?, Other?) [without a left match]", rest: .asWithoutItsResult
            ) {
                left($0).outerJoin(right($0), within: near) { left, right in
                    left != nil ? left : try unlessRefused(right)
                }
                .to("out")
            },
            FallibleClosure(
                "KStream.outerJoin(KStream).joiner(Value?, Other?) [without a right match]", rest: .asWithoutItsResult
            ) {
                left($0).outerJoin(right($0), within: near) { left, right in
                    right != nil ? right : try unlessRefused(left)
                }
                .to("out")
            },
        ]
    }

    static var tableJoins: [FallibleClosure] {
        [
            FallibleClosure("KStream.join(KTable).joiner(Value, Other)") {
                right($0).join(leftTable($0)) { try unlessRefused($0 + $1) }.to("out")
            },
            FallibleClosure("KStream.join(KTable).joiner(Value, Other) [of records that waited]") {
                let table = $0.table(
                    "left", key: .string, value: .string, into: .versioned("table", historyRetention: .seconds(10)))
                right($0).join(table, grace: .milliseconds(5)) { try unlessRefused($0 + $1) }.to("out")
            },
            FallibleClosure("KStream.leftJoin(KTable).joiner(Value, Other?)") {
                right($0).leftJoin(leftTable($0)) { value, _ in try unlessRefused(value) }.to("out")
            },
            FallibleClosure("KStream.join(GlobalKTable, on).tableKey(Key?, Value)") {
                right($0).join(globalTable($0), on: { key, _ in try unlessRefused(key) }) { $0 + $1 }.to("out")
            },
            FallibleClosure("KStream.join(GlobalKTable, on).joiner(Value, Other)") {
                right($0).join(globalTable($0), on: { key, _ in key }) { try unlessRefused($0 + $1) }.to("out")
            },
            FallibleClosure("KStream.leftJoin(GlobalKTable, on).tableKey(Key?, Value)") {
                right($0).leftJoin(globalTable($0), on: { key, _ in try unlessRefused(key) }) { value, _ in value }
                    .to("out")
            },
            FallibleClosure("KStream.leftJoin(GlobalKTable, on).joiner(Value, Other?)") {
                right($0).leftJoin(globalTable($0), on: { key, _ in key }) { value, _ in try unlessRefused(value) }
                    .to("out")
            },
            FallibleClosure("KStream.join.makeJoiner(TaskIndex<TableKey, Other, View>)") {
                let table = $0.table(
                    "left", key: .string, value: .string, into: .store("table").indexed(by: EntryCount.supplier))
                right($0).join(index: "count", inOwnPartitionOf: table, view: Int.self) { index in
                    { _, value in try unlessRefused("\(value) \(index.partition().view)") }
                }
                .to("out")
            },
            FallibleClosure("KStream.join.makeJoiner(TaskIndex<TableKey, Other, View>) [of a global table]") {
                let table = $0.globalTable(
                    "left", key: .string, value: .string, into: .store("table").indexed(by: EntryCount.supplier))
                right($0).join(index: "count", of: table, view: Int.self) { index in
                    { _, value in try unlessRefused("\(value) \(index.partition().view)") }
                }
                .to("out")
            },
            FallibleClosure("KTable.join(KTable).joiner(Value, Other)", rest: .asWithoutItsResult) {
                leftTable($0).join(rightTable($0)) { try unlessRefused($0 + $1) }.toStream().to("out")
            },
            FallibleClosure("KTable.leftJoin(KTable).joiner(Value, Other?)", rest: .asWithoutItsResult) {
                leftTable($0).leftJoin(rightTable($0)) { left, _ in try unlessRefused(left) }.toStream().to("out")
            },
            FallibleClosure("KTable.outerJoin(KTable).joiner(Value?, Other?)", rest: .asWithoutItsResult) {
                leftTable($0).outerJoin(rightTable($0)) { left, right in try unlessRefused(left ?? right) }.toStream()
                    .to("out")
            },
            FallibleClosure("KTable.join(KTable, on).foreignKey(Key, Value)", rest: .otherwise) {
                leftTable($0).join(
                    rightTable($0), on: { (key: String, _: String) -> String? in try unlessRefused(key) },
                    joiner: { $0 + $1 }
                )
                .toStream().to("out")
            },
            FallibleClosure("KTable.join(KTable, on).joiner(Value, Other)", rest: .asWithoutItsResult) {
                leftTable($0).join(
                    rightTable($0), on: { (key: String, _: String) -> String? in key },
                    joiner: { try unlessRefused($0 + $1) }
                )
                .toStream().to("out")
            },
            FallibleClosure("KTable.leftJoin(KTable, on).foreignKey(Key, Value)", rest: .otherwise) {
                leftTable($0).leftJoin(
                    rightTable($0), on: { (key: String, _: String) -> String? in try unlessRefused(key) },
                    joiner: { left, _ in left }
                )
                .toStream().to("out")
            },
            FallibleClosure("KTable.leftJoin(KTable, on).joiner(Value, Other?)", rest: .asWithoutItsResult) {
                leftTable($0).leftJoin(
                    rightTable($0), on: { (key: String, _: String) -> String? in key },
                    joiner: { left, _ in try unlessRefused(left) }
                )
                .toStream().to("out")
            },
        ]
    }
}

/// An index that counts the entries.
private final class EntryCount: StoreIndex {
    static let supplier = StoreIndexSupplier<String>("count", kind: "count") { _, _ in EntryCount() }

    private var keys: Set<[UInt8]> = []
    private(set) var position = Position()

    func apply(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) {
        if value == nil { keys.remove(Array(key)) } else { keys.insert(Array(key)) }
    }

    func commit(at position: Position) -> Int {
        self.position = position
        return keys.count
    }

    func rebuild(from entries: StoreIndexEntries) throws {
        removeAll()
        try entries.scan { key, value in
            apply(key: key, value: value)
            return true
        }
    }

    func removeAll() { keys = [] }
    func close() {}
}

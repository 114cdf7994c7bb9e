import Millrace
public import MillraceTesting

/// Operators that keep state, in a topology and with inputs that show it.
///
/// `all` is the one list of them: the simulations of operators and the restart tests are made of it, and a test holds it against
/// the calls that the DSL offers, so that no operator with state can be added and forgotten.
public struct StatefulOperator: Sendable {
    /// The calls that it stands for: the type and the method, for joins with what is joined, and whether by a key of another kind,
    /// as `KTable.join(KTable, on)`.
    public var calls: [String]
    public var simulation: Simulation
    public var afterRestarts = AfterRestarts.sameRecords

    /// The part of a test driver's results that has to be the same if the instance ends after every few records.
    public enum AfterRestarts: Sendable {
        /// All records, in their order, to the byte.
        case sameRecords
        /// All records, in any order: results that wait for a time may come earlier.
        case sameRecordsInAnyOrder
        /// Only what the simulation's rules say, because punctuations are scheduled anew and come at other times.
        case rules
    }

    public var name: String { simulation.name }

    public static var all: [StatefulOperator] {
        aggregations + tables + windows + finalResults + joins + joinsWithTables + versions + processors
    }

    /// Makes one whose topics all have three partitions.
    ///
    /// - Parameters:
    ///   - inputs: the topics that records are put into.
    ///   - outputs: the topics whose contents are compared.
    init(
        _ name: String, _ calls: [String], from inputs: [String], to outputs: [String],
        define: @escaping @Sendable (StreamsBuilder) throws -> Void,
        records: @escaping @Sendable (inout SeededRandom) -> [SimulatedRecord]
    ) {
        self.calls = calls
        let topics = Dictionary(uniqueKeysWithValues: (inputs + outputs).map { ($0, partitionCount) })
        simulation = Simulation(name, topics: topics, outputs: outputs, define: define, inputs: records)
    }

    /// The same with some of its settings changed.
    func with(_ change: (inout StatefulOperator) -> Void) -> StatefulOperator {
        var changed = self
        change(&changed)
        return changed
    }
}

/// The number of the topics' partitions.
let partitionCount: Int32 = 3

import Millrace
public import MillraceTesting

/// An operator that keeps state, in a topology and with inputs that show the state.
///
/// `all` is the one list of them. The simulations of operators and the restart tests are made from it, and a test compares it
/// with the calls of the DSL, so that no new operator with state is forgotten.
public struct StatefulOperator: Sendable {
    /// The calls that it covers: the type and the method, for joins also the other side and `on` for a foreign key, as in
    /// `KTable.join(KTable, on)`.
    public var calls: [String]
    public var simulation: Simulation
    public var afterRestarts = AfterRestarts.sameRecords

    /// The part of a test driver's results that has to stay the same if the instance restarts after every few records.
    public enum AfterRestarts: Sendable {
        /// All records, in order, byte for byte.
        case sameRecords
        /// All records, in any order: results that wait for a time may come earlier.
        case sameRecordsInAnyOrder
        /// Only the simulation's rules have to hold, because punctuations are scheduled anew and come at other times.
        case rules
    }

    public var name: String { simulation.name }

    public static var all: [StatefulOperator] {
        aggregations + tables + windows + finalResults + joins + joinsWithTables + indexJoins + versions + processors
    }

    /// Makes an operator whose topics all have three partitions.
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

    /// Returns the same operator with some settings changed.
    func with(_ change: (inout StatefulOperator) -> Void) -> StatefulOperator {
        var changed = self
        change(&changed)
        return changed
    }
}

/// The number of the topics' partitions.
let partitionCount: Int32 = 3

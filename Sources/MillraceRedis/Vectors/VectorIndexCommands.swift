import MillraceConnect
import RedisClient

/// The making of an index of neighbours, in the commands that RediSearch and valkey-search have in common.
struct VectorIndexCommands {
    private let name: String
    private let configuration: RedisVectors.Configuration

    init(name: String, _ configuration: RedisVectors.Configuration) {
        self.name = name
        self.configuration = configuration
    }

    /// Makes the index if it is missing. It then takes up the hashes that there are.
    ///
    /// - Throws: `RedisError`; ``ConnectorError`` if the server has no such module, or an index with other vectors.
    func make(_ session: any RedisSession) throws {
        do {
            let names = try session.send(["FT._LIST"])
            if names.elements?.contains(where: { $0.text == name }) ?? false { return try check(session) }
            _ = try session.send(creation)
        } catch let error as RedisError {
            guard case .refused(let words, let command) = error else { throw error }
            // Another writer was faster.
            if words.lowercased().contains("already exists") { return }
            if words.contains("unknown command") {
                throw ConnectorError(
                    .permanent,
                    "the index \(name): the server has no module for searches (it does not know \(command)); load RediSearch or "
                        + "valkey-search, or set \"hasIndex\" to false for hashes without an index")
            }
            throw ConnectorError(.permanent, "the index \(name): \(command) is refused: \(words)")
        }
    }

    private var creation: RedisCommand {
        let metric =
            switch configuration.metric {
            case .cosine: "COSINE"
            case .euclidean: "L2"
            case .product: "IP"
            }
        var command: RedisCommand = [
            "FT.CREATE", .init(name), "ON", "HASH", "PREFIX", "1", .init(configuration.layout.prefix), "SCHEMA",
            .init(configuration.layout.vectorField), "VECTOR", "HNSW", "10", "TYPE", "FLOAT32", "DIM",
            "\(configuration.dimension)", "DISTANCE_METRIC", .init(metric), "M", "\(configuration.links)",
            "EF_CONSTRUCTION", "\(configuration.buildEffort)",
        ]
        for (field, attribute) in configuration.attributes.sorted(by: { $0.key < $1.key }) {
            let type: RedisCommand.Argument =
                switch attribute {
                case .tag: "TAG"
                case .number: "NUMERIC"
                case .text: "TEXT"
                }
            command.append(.init(field), type)
        }
        return command
    }

    /// Checks the dimension, if the module shows it. An index silently leaves vectors of another one out.
    private func check(_ session: any RedisSession) throws {
        let answer = try session.send(["FT.INFO", .init(name)])
        guard let dimension = Self.dimension(in: answer), dimension != configuration.dimension else { return }
        throw ConnectorError(
            .permanent,
            "the index \(name) has vectors of \(dimension) components, and the configuration \(configuration.dimension); delete it with "
                + "FT.DROPINDEX, or name another one")
    }

    private static func dimension(in value: RedisValue) -> Int64? {
        guard let elements = value.elements else { return nil }
        for (index, element) in elements.enumerated() {
            if let text = element.text?.lowercased(), text == "dim" || text == "dimensions", index + 1 < elements.count,
                let number = elements[index + 1].integer
            {
                return number
            }
            if let found = dimension(in: element) { return found }
        }
        return nil
    }
}

import Millrace

/// The access to indexes of vectors for code that knows neither them nor the types of the store.
struct VectorIndexAccess<Value>: StoreIndexAccess {
    /// The declaration, for keys as bytes.
    private let declaration: VectorIndex<[UInt8], Value>

    init(_ declaration: VectorIndex<[UInt8], Value>) { self.declaration = declaration }

    var properties: [StoreIndexProperty] {
        let attributes = declaration.attributes.map { attribute in
            #"{"name": \#(JSONText.quoted(attribute.name)), "kind": \#(JSONText.quoted(attribute.kind.rawValue))}"#
        }
        return [
            StoreIndexProperty("dimensions", json: "\(declaration.dimensions)"),
            StoreIndexProperty("metric", json: JSONText.quoted(declaration.metric.rawValue)),
            StoreIndexProperty("element", json: JSONText.quoted(declaration.element.rawValue)),
            StoreIndexProperty("attributes", json: "[\(attributes.joined(separator: ", "))]"),
        ]
    }

    var searchMembers: [String] { VectorSearch.CodingKeys.allCases.map(\.rawValue) }

    func figures(of view: IndexSnapshot) -> StoreIndexFigures { view.figures }

    func example(of value: Value) throws -> VectorSearch {
        VectorSearch(vector: VectorText(numbers: try refusing { try declaration.vector(of: value) }))
    }

    func search(_ search: VectorSearch, like example: VectorSearch) throws -> VectorSearch {
        guard search.vector == nil else { throw StoreIndexRequestProblem("give a vector or a key, not both") }
        var search = search
        search.vector = example.vector
        return search
    }

    func check(_ search: VectorSearch) throws {
        _ = try refusing { try PreparedQuery(try numbers(of: search), format: declaration.format().exact) }
        if let filter = try filter(of: search) {
            try refusing { _ = try declaration.format().attributes.resolve(filter) }
        }
    }

    func matches(
        of search: VectorSearch, count: Int, in index: QueryableIndex<[UInt8], Value, IndexSnapshot>
    ) throws -> StoreIndexMatches {
        let (numbers, filter) = (try numbers(of: search), try filter(of: search))
        let found = try refusing {
            try QueryableVectorIndex(index, of: declaration).search(
                near: numbers, count: count, effort: search.effort?.effort ?? .standard, matching: filter)
        }
        let sign: Double = declaration.metric == .euclidean ? 1 : -1
        return StoreIndexMatches(
            found.matches.map { match in
                .init(key: match.key, score: Double(match.score), rank: sign * Double(match.score))
            }, isIndexComplete: found.isIndexComplete)
    }

    private func numbers(of search: VectorSearch) throws -> [Float] {
        guard let vector = search.vector else { throw StoreIndexRequestProblem("a vector or a key is missing") }
        return vector.numbers
    }

    private func filter(of search: VectorSearch) throws -> AttributeFilter? { try search.filter?.filter() }

    /// Makes a refused vector or filter the client's problem. What goes wrong in the index stays what it is.
    private func refusing<Result>(_ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let problem as VectorProblem {
            let ofClient: [VectorProblem.Code] = [
                .wrongDimensions, .notFinite, .zeroVector, .tooLarge, .invalidFilter, .unreadable,
            ]
            throw ofClient.contains(problem.code) ? StoreIndexRequestProblem(problem.message) : problem
        }
    }
}

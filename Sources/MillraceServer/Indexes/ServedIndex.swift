import HTTPTypes
import Millrace

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// An index of whatever kind, as requests over HTTP see it.
struct ServedIndex: Sendable {
    let name: String
    /// The name of the store that it belongs to.
    let store: String
    private let access: any StoreIndexAccess

    /// - Throws: `Failure` with 400 if the index is of a kind that only Swift code can search.
    init(_ name: String, _ plan: StoreIndexPlan, of store: String) throws(Failure) {
        guard let access = plan.access else {
            throw .badRequest(
                "the index \(name) is of a kind that cannot be searched over HTTP: \(plan.kind)", code: "index_kind")
        }
        (self.name, self.store, self.access) = (name, store, access)
    }

    /// Reads a search from the body of a request.
    ///
    /// - Throws: `Failure` with 400.
    func search(from body: Data) throws -> IndexSearch { try Self.search(from: body, access, name) }

    /// Returns the search for entries that are like the one of a key, as JSON; `nil` if there is nothing under the key.
    func example(of key: [UInt8], in store: QueryableBytesStore) throws -> String? {
        try Self.example(of: key, in: store, access)
    }

    private static func search<Access: StoreIndexAccess>(
        from body: Data, _ access: Access, _ name: String
    ) throws -> IndexSearch {
        let members = try SearchMembers.decode(SearchMembers.self, from: body)
        let known = ["key", "count"] + access.searchMembers
        if let other = members.names.first(where: { !known.contains($0) }) {
            throw Failure.badRequest(
                "a search has no member \(other.prefix(100)); it has \(known.joined(separator: ", "))",
                code: "search_invalid")
        }
        return try IndexSearch(
            SearchMembers.decode(Access.Search.self, from: body), access, name, key: members.key, count: members.count)
    }

    private static func example<Access: StoreIndexAccess>(
        of key: [UInt8], in store: QueryableBytesStore, _ access: Access
    ) throws -> String? {
        guard let value = try store.value(of: key, as: Access.Value.self) else { return nil }
        return try IndexSearch.json(of: access.example(of: value))
    }
}

/// A search of an index of whatever kind.
struct IndexSearch: Sendable {
    /// The key whose entry is the example; `nil` if the search has one already.
    var key: String?
    /// The number of entries that are asked for; `nil` for the default.
    var count: Int?
    /// The kind's part of the request, as other instances get it.
    let json: String
    private let find: @Sendable (_ store: QueryableBytesStore, _ count: Int) throws -> StoreIndexMatches
    private let adopt: @Sendable (_ example: Data) throws -> IndexSearch
    private let validate: @Sendable () throws -> Void

    fileprivate init<Access: StoreIndexAccess>(
        _ search: Access.Search, _ access: Access, _ name: String, key: String?, count: Int?
    ) throws {
        self.key = key
        self.count = count
        json = try Self.json(of: search)
        find = { store, count in
            try access.matches(
                of: search, count: count, in: store.index(named: name, value: Access.Value.self, view: Access.View.self)
            )
        }
        adopt = { example in
            let example = try SearchMembers.decode(Access.Search.self, from: example)
            return try IndexSearch(
                access.search(search, like: example), access, name, key: nil, count: count)
        }
        validate = { try access.check(search) }
    }

    fileprivate static func json(of search: some Encodable) throws -> String {
        String(decoding: try JSONEncoder().encode(search), as: UTF8.self)
    }

    /// Returns the same search with the example of its key.
    ///
    /// - Parameter example: a search as JSON.
    func like(_ example: Data) throws -> IndexSearch { try adopt(example) }

    /// Checks that the search can be made.
    ///
    /// - Throws: `StoreIndexRequestProblem`.
    func check() throws { try validate() }

    /// Searches the partitions that a handle has.
    func matches(in store: QueryableBytesStore, count: Int) throws -> StoreIndexMatches {
        do { return try find(store, count) } catch let error where !Failure.isOfRead(error) {
            throw Failure(
                .internalServerError, "index_failed",
                "the index was closed after an error, which GET /indexes shows; it is opened again with its task")
        }
    }
}

/// The members of a search that belong to no kind of index, and the names of all.
private struct SearchMembers: Decodable {
    var names: [String] = []
    var key: String?
    var count: Int?

    private struct Name: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        guard let container = try? decoder.container(keyedBy: Name.self) else {
            throw StoreIndexRequestProblem("the body must be an object")
        }
        names = container.allKeys.map(\.stringValue).sorted()
        do {
            key = try container.decodeIfPresent(String.self, forKey: Name(stringValue: "key"))
        } catch { throw StoreIndexRequestProblem("key must be a text") }
        do {
            count = try container.decodeIfPresent(Int.self, forKey: Name(stringValue: "count"))
        } catch { throw StoreIndexRequestProblem("count must be a whole number") }
    }

    /// Decodes a part of a body.
    ///
    /// - Throws: `StoreIndexRequestProblem` or `Failure`, both of which are the client's.
    static func decode<Value: Decodable>(_ type: Value.Type, from body: Data) throws -> Value {
        do { return try JSONDecoder().decode(type, from: body) } catch let problem as StoreIndexRequestProblem {
            throw problem
        } catch {
            throw Failure.badRequest("the body is no JSON object of a search", code: "search_invalid")
        }
    }
}

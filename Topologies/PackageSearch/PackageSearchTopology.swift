public import Millrace
public import MillraceVectors

/// A description of a package with its embedding, as JSON in the topic `packages`, keyed by the package's name.
public struct PackageDescription: Codable, Sendable, Hashable {
    /// The package's name and its description in a few words.
    public var text: String
    /// The embedding of `text`: 384 components of all-MiniLM-L6-v2.
    public var embedding: [Float]

    public init(text: String, embedding: [Float]) {
        self.text = text
        self.embedding = embedding
    }
}

/// A table of packages that is searched by meaning.
public struct PackageSearchTopology: Sendable {
    public static let packages = "packages"
    public static let store = "package-store"

    /// The index of the packages by their embeddings.
    public static let similarPackages = VectorIndex<String, PackageDescription>(
        "similar-packages", of: \.embedding, dimensions: 384)

    public init() {}

    public func define(in builder: StreamsBuilder) {
        builder.table(
            Self.packages, key: .string, value: .json(PackageDescription.self),
            into: .store(Self.store).indexed(by: Self.similarPackages))
    }
}

// swift-tools-version: 6.2
import PackageDescription

// The settings of every target.
var swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

// Warnings are errors where the continuous build asks for it; never for those who depend on the package.
if Context.environment["MILLRACE_BUILD_WARNINGS_AS_ERRORS"] == "1" {
    swiftSettings.append(.treatAllWarnings(as: .error))
}

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioFoundation = Target.Dependency.product(name: "NIOFoundationCompat", package: "swift-nio")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let httpClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let coreMetrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")
let inMemoryTracing = Target.Dependency.product(name: "InMemoryTracing", package: "swift-distributed-tracing")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")

// The page of the server's console, which becomes a part of the executable.
let consoleFiles = [
    "index.html", "console.css", "icon.svg", "main.js", "api.js", "dom.js", "history.js", "overview.js", "layout.js",
    "topology.js", "tasks.js", "stores.js", "indexes.js", "errors.js", "configuration.js", "operating.js", "nodes.js",
    "letters.js", "why.js", "connectors.html", "connectors.js", "metrics.js",
    "confirm.js", "tiles.js", "token.js",
]

let libraries = [
    "Millrace", "MillraceTesting", "MillraceRuntime", "MillraceCommandLine", "MillraceMetrics", "MillraceServer",
    "MillraceVectors", "MillraceEmbeddings", "MillraceConnect", "MillraceConnectRuntime", "MillracePostgres",
    "MillraceRedis",
]

// The topologies of Topologies/, and what each needs.
let topologies: [(name: String, dependencies: [Target.Dependency])] = [
    ("RiskScore", ["Millrace"]),
    ("PageViews", ["Millrace"]),
    ("VelocityRules", ["Millrace"]),
    ("Anomalies", ["Millrace"]),
    ("AgentContext", ["Millrace"]),
    ("CaseMemory", ["Millrace", "MillraceVectors"]),
    ("AgentMemory", ["Millrace", "MillraceVectors"]),
    ("PackageSearch", ["Millrace", "MillraceVectors"]),
]

let package = Package(
    name: "millrace",
    products: libraries.map { .library(name: $0, targets: [$0]) } + [
        .executable(name: "millrace", targets: ["millrace-command"]),
        .executable(name: "millrace-bench", targets: ["millrace-bench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.1.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.0.0", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.8.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.80.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.29.0"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.20.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.16.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.3.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.25.0"),
    ],
    targets: [
        .systemLibrary(name: "CRdkafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CRocksDB", pkgConfig: "rocksdb", providers: [.apt(["librocksdb-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CSnappy", pkgConfig: "snappy", providers: [.apt(["libsnappy-dev"])]),
        .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),

        .target(name: "Millrace"),
        .target(name: "MillraceEngine", dependencies: ["Millrace", deque, logging]),
        .target(name: "MillraceRouting", dependencies: ["Millrace"]),
        .target(
            name: "MillraceTesting",
            dependencies: ["Millrace", "MillraceEngine", "MillraceRouting", "ClusterCore", logging]),
        .target(name: "KafkaClient", dependencies: ["CRdkafka"]),
        .target(name: "ClusterCore"),
        .target(name: "RecordCompression", dependencies: ["ClusterCore", "CLZ4", "CSnappy", "CZlib", "CZstd"]),
        .target(
            name: "EmbeddedBroker",
            dependencies: ["ClusterCore", "RecordCompression", deque, logging, nioCore, nioPosix]),
        .target(name: "PostgresClient", dependencies: ["CPostgres"]),
        .target(name: "RedisClient", dependencies: [nioCore, nioPosix, nioSSL]),
        .target(name: "CRocksDBShim", dependencies: ["CRocksDB"]),
        .target(name: "RocksDB", dependencies: ["CRocksDB", "CRocksDBShim"]),
        .target(
            name: "MillraceRuntime",
            dependencies: [
                "Millrace", "MillraceEngine", "KafkaClient", "RocksDB", deque, logging, serviceLifecycle, tracing,
            ]),
        // Other systems, in and out of topics.
        .target(name: "MillraceConnect", dependencies: ["Millrace", "MillraceEngine"]),
        // The processes that run such connectors.
        .target(
            name: "MillraceConnectRuntime",
            dependencies: [
                "Millrace", "MillraceConnect", "MillraceEngine", "MillraceRuntime", logging, serviceLifecycle,
            ]),
        .target(
            name: "MillracePostgres",
            dependencies: ["Millrace", "MillraceConnect", "MillraceVectors", "PostgresClient"]),
        // The operations on a running system, without a command line: dead letters, replays, lags.
        .target(
            name: "MillraceOperations",
            dependencies: [
                "KafkaClient", "Millrace", "MillraceRuntime", "MillraceTesting", logging,
            ]),
        .target(
            name: "MillraceCommandLine",
            dependencies: [
                "KafkaClient", "Millrace", "MillraceOperations", "MillraceRuntime", argumentParser, configuration,
                logging, serviceLifecycle, signals,
            ]),

        .target(
            name: "MillraceMetrics",
            dependencies: [
                "Millrace", "MillraceConnectRuntime", "MillraceRuntime", "MillraceVectors", coreMetrics,
                serviceLifecycle,
            ]),

        // Search by similarity, which nothing above imports.
        .target(name: "CVectorKernels"),
        .target(name: "MillraceVectors", dependencies: ["CVectorKernels", "Millrace"]),

        // A cache of embeddings in front of Kafka and HTTP.
        .target(
            name: "MillraceEmbeddings",
            dependencies: [
                "KafkaClient", "MillraceVectors", httpClient, logging, nioCore, nioFoundation, nioHTTP1,
                serviceLifecycle,
            ]),

        // Redis and Valkey, in and out of topics, and as a place of embeddings.
        .target(
            name: "MillraceRedis",
            dependencies: ["Millrace", "MillraceConnect", "MillraceVectors", "RedisClient", nioCore, nioSSL]),

        // HTTP, which nothing above imports.
        .target(
            name: "MillraceServerVerbs",
            dependencies: [
                "Millrace", "MillraceCommandLine", "MillraceOperations", argumentParser, httpClient, nioCore,
                nioFoundation, nioHTTP1, nioPosix, nioSSL,
            ]),
        .target(
            name: "MillraceServer",
            dependencies: [
                "Millrace", "MillraceConnectRuntime", "MillraceRouting", "MillraceRuntime",
                "MillraceMetrics", "MillraceCommandLine",
                "MillraceOperations", "MillraceServerVerbs",
                argumentParser, httpTypes,
                hummingbird, hummingbirdCore, hummingbirdTLS, logging, nioCore, nioFoundation, nioHTTP1,
                nioHTTPTypes, nioPosix, nioSSL, serviceLifecycle,
            ],
            resources: consoleFiles.map { .embedInCode("Console/page/\($0)") }),

        .target(
            name: "ConformanceRunner", dependencies: ["Millrace", "MillraceTesting"], path: "Tools/conformance/Runner"),
        .executableTarget(
            name: "conformance", dependencies: ["ConformanceRunner", argumentParser], path: "Tools/conformance/Command"),
        .executableTarget(
            name: "risk-scores",
            dependencies: ["Millrace", "MillraceCommandLine", "MillraceServer", "RiskScore", argumentParser],
            path: "Tools/risk-scores"),
        .executableTarget(
            name: "risk-answers",
            dependencies: [
                "Millrace", "MillraceCommandLine", "MillraceRuntime", "RiskScore", argumentParser, serviceLifecycle,
            ],
            path: "Tools/risk-answers"),
        .executableTarget(
            name: "topologies",
            dependencies: [
                "AgentContext", "Anomalies", "CaseMemory", "Millrace", "MillraceCommandLine", "MillraceServer",
                "PackageSearch", "PageViews", "VelocityRules", argumentParser,
            ],
            path: "Tools/topologies"),
        .executableTarget(
            name: "risk-demo",
            dependencies: [
                "Millrace", "MillraceRuntime", "MillraceServer", "KafkaClient", "RiskScore", argumentParser, logging,
                serviceLifecycle,
            ],
            path: "Tools/risk-demo"),
        .executableTarget(
            name: "memory-demo",
            dependencies: [
                "AgentMemory", "ChildProcesses", "KafkaClient", "Millrace", "MillraceEmbeddings", "MillraceMetrics",
                "MillracePostgres", "MillraceRedis", "MillraceRuntime", "MillraceServer", "MillraceVectors",
                "PostgresClient", argumentParser, logging, serviceLifecycle, signals,
            ],
            path: "Tools/memory-demo"),
        .executableTarget(
            name: "broker-load", dependencies: ["ChildProcesses", "KafkaClient", argumentParser],
            path: "Tools/broker-load"),
        .executableTarget(
            name: "millrace-command",
            dependencies: [
                "AgentContext", "Anomalies", "ClusterCore", "EmbeddedBroker", "Millrace", "MillraceCommandLine",
                "MillraceConnect", "MillraceConnectRuntime", "MillraceOperations", "MillracePostgres", "MillraceRedis",
                "MillraceServer", "MillraceServerVerbs", "MillraceTesting", "PageViews", "RiskScore", "Scenarios",
                "VelocityRules",
                argumentParser, logging, serviceLifecycle, signals,
            ],
            path: "Tools/millrace/Command"),

        // The programs by hand that millrace-bench measures against, and what counts the allocations of both.
        .target(name: "AllocationCounter", path: "Tools/millrace-bench/AllocationCounter"),
        .target(
            name: "BenchCeiling", dependencies: ["AllocationCounter", "CRdkafka", "CRocksDB"],
            path: "Tools/bench-ceiling"),
        .target(
            name: "Loops", dependencies: ["Millrace", "MillraceEngine", "MillraceTesting", "RiskScore", logging],
            path: "Tools/millrace-bench/Loops"),
        .target(
            name: "VectorBench", dependencies: ["ChildProcesses", "MillraceVectors"],
            path: "Tools/millrace-bench/Vectors"),
        .executableTarget(
            name: "allocation-guard", dependencies: ["AllocationCounter", "Loops"], path: "Tools/allocation-guard"),
        .executableTarget(name: "simulation-guard", dependencies: ["Scenarios"], path: "Tools/simulation-guard"),
        .executableTarget(
            name: "millrace-bench",
            dependencies: [
                "AllocationCounter", "BenchCeiling", "ChildProcesses", "EmbeddedBroker", "KafkaClient", "Loops",
                "Millrace", "MillraceCommandLine", "MillraceRuntime", "MillraceServer", "MillraceVectors", "RiskScore",
                "VectorBench", argumentParser, hummingbird, logging, nioCore,
            ],
            path: "Tools/millrace-bench/Command"),

        .executableTarget(
            name: "postgres-bench",
            dependencies: ["ChildProcesses", "Millrace", "MillraceConnect", "MillracePostgres", argumentParser],
            path: "Tools/postgres-bench"),
        .target(name: "CSpawn", path: "Tools/child-processes/Spawn"),
        .target(name: "ChildProcesses", dependencies: ["CSpawn"], path: "Tools/child-processes/Processes"),
        .target(name: "CRedisLoop", dependencies: ["CRdkafka"], path: "Tools/redis-bench/Loop"),
        .executableTarget(
            name: "redis-bench",
            dependencies: [
                "CRedisLoop", "ChildProcesses", "MillraceConnect", "MillraceRedis", "RedisClient", argumentParser,
            ],
            path: "Tools/redis-bench/Command"),
        .target(name: "TestSupport", dependencies: ["Millrace", logging], path: "Tests/Support"),
        .target(
            name: "Servers", dependencies: ["ChildProcesses", "PostgresClient", "RedisClient"],
            path: "Tests/Servers"),
        .target(name: "PortContracts", dependencies: ["Millrace", "MillraceEngine"], path: "Tests/PortContracts"),
        .testTarget(
            name: "MillraceTests", dependencies: ["Millrace", "MillraceTesting", "TestSupport"],
            exclude: ["Documentation/kafka-streams-methods.txt"]),
        .testTarget(name: "MillraceTestingTests", dependencies: ["Millrace", "MillraceTesting"]),
        .testTarget(
            name: "MillraceEngineTests",
            dependencies: ["Millrace", "MillraceEngine", "MillraceTesting", "PortContracts", "TestSupport", logging]),
        .testTarget(name: "RiskScoreTests", dependencies: ["Millrace", "MillraceTesting", "RiskScore"]),
        .testTarget(
            name: "TopologyTests",
            dependencies: [
                "AgentContext", "AgentMemory", "Anomalies", "CaseMemory", "Millrace", "MillraceTesting",
                "MillraceVectors", "PageViews",
                "VelocityRules",
            ],
            resources: [.copy("CaseNotes")]),
        .testTarget(
            name: "ConformanceTests",
            dependencies: ["ConformanceRunner", "Millrace", "MillraceTesting", "TestSupport"]),
        .target(
            name: "Scenarios", dependencies: ["Millrace", "MillraceTesting", "MillraceVectors", "RiskScore"],
            path: "Tools/millrace/Scenarios"),
        .testTarget(
            name: "SimulationTests",
            dependencies: [
                "ClusterCore", "Scenarios", "Millrace", "MillraceTesting", "MillraceEngine",
                "MillraceRuntime", "PortContracts", "TestSupport",
            ]),
        .testTarget(name: "ClusterCoreTests", dependencies: ["ClusterCore", "RecordCompression", "TestSupport"]),
        .testTarget(
            name: "EmbeddedBrokerTests",
            dependencies: [
                "ClusterCore", "EmbeddedBroker", "KafkaClient", "RecordCompression", "TestSupport", logging, nioCore,
                nioPosix,
            ],
            resources: [.copy("Protocol/golden-checksums.txt")]),
        .testTarget(name: "KafkaClientTests", dependencies: ["KafkaClient"]),
        .testTarget(
            name: "MillraceCommandLineTests",
            dependencies: [
                "Millrace", "MillraceCommandLine", "MillraceOperations", "MillraceRuntime", argumentParser, logging,
            ]),
        .testTarget(
            name: "MillraceServerTests",
            dependencies: [
                "ChildProcesses", "ClusterCore", "EmbeddedBroker", "KafkaClient", "Millrace", "MillraceCommandLine",
                "MillraceConnect", "MillraceConnectRuntime", "MillraceMetrics", "MillraceOperations", "MillraceRouting",
                "MillraceRuntime", "MillraceServer", "MillraceServerVerbs", "MillraceVectors", "TestSupport",
                argumentParser, httpClient, httpTypes, logging, nioCore, nioFoundation, nioHTTP1, nioPosix, nioSSL,
                serviceLifecycle, signals,
            ]),
        .testTarget(
            name: "MillraceOperationsTests",
            dependencies: [
                "ChildProcesses", "ClusterCore", "EmbeddedBroker", "KafkaClient", "Millrace", "MillraceOperations",
                "MillraceRuntime", "PageViews", "RiskScore",
            ]),
        .testTarget(
            name: "MillraceMetricsTests",
            dependencies: [
                "Millrace", "MillraceConnectRuntime", "MillraceMetrics", "MillraceRuntime", "MillraceServer",
                "MillraceVectors", "TestSupport", coreMetrics, logging, serviceLifecycle,
            ]),
        .testTarget(
            name: "MillraceVectorsTests",
            dependencies: [
                "CVectorKernels", "Millrace", "MillraceEngine", "MillraceRuntime", "MillraceTesting",
                "MillraceVectors", "TestSupport", logging,
            ]),
        .testTarget(
            name: "MillraceEmbeddingsTests",
            dependencies: [
                "ClusterCore", "EmbeddedBroker", "KafkaClient", "Millrace", "MillraceEmbeddings", "MillraceMetrics",
                "MillraceRuntime", "MillraceServer", "MillraceVectors", logging, serviceLifecycle,
            ]),
        .testTarget(
            name: "MillraceConnectTests",
            dependencies: [
                "ClusterCore", "Millrace", "MillraceConnect", "MillraceEngine", "MillracePostgres", "MillraceRedis",
                "MillraceTesting", "PostgresClient", "RedisClient", nioCore,
            ]),
        .testTarget(
            name: "MillracePostgresTests",
            dependencies: [
                "ChildProcesses", "Millrace", "MillraceConnect", "MillracePostgres", "MillraceVectors",
                "PostgresClient", "Servers",
            ]),
        .testTarget(
            name: "MillraceConnectRuntimeTests",
            dependencies: [
                "ChildProcesses", "Millrace", "MillraceConnect", "MillraceConnectRuntime", "MillraceEngine",
                "MillraceRuntime", "TestSupport", logging, serviceLifecycle, signals,
            ]),
        .testTarget(name: "PostgresClientTests", dependencies: ["PostgresClient", "Servers"]),
        .testTarget(
            name: "RedisClientTests",
            dependencies: ["ChildProcesses", "RedisClient", "Servers", nioCore, nioSSL]),
        .testTarget(
            name: "MillraceRedisTests",
            dependencies: [
                "ClusterCore", "Millrace", "MillraceConnect", "MillraceEngine", "MillraceRedis", "MillraceTesting",
                "MillraceVectors", "RedisClient", "Servers", nioCore,
            ]),
        .testTarget(name: "RocksDBTests", dependencies: ["RocksDB"]),
        .testTarget(
            name: "MillraceRuntimeTests",
            dependencies: [
                "ChildProcesses", "ClusterCore", "EmbeddedBroker", "KafkaClient", "Millrace", "MillraceEngine",
                "MillraceRuntime", "MillraceTesting", "PortContracts", "RiskScore", "RocksDB", "TestSupport", logging,
                serviceLifecycle, signals, tracing, inMemoryTracing,
            ]),
    ],
    cxxLanguageStandard: .cxx20
)

package.targets += topologies.map { name, dependencies in
    .target(name: name, dependencies: dependencies, path: "Topologies/\(name)", exclude: ["README.md"])
}

for target in package.targets where target.type != .system { target.swiftSettings = swiftSettings }

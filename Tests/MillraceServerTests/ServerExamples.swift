import Logging
import Millrace
import MillraceCommandLine
import MillraceRuntime
import MillraceServer
import ServiceLifecycle
import UnixSignals

// What comments and docs/server.md show.

private struct Instances {
    let application: StreamsApplication
    let logger: Logger

    func run(address: InstanceAddress) async throws {
        let server = MillraceServer(application: application, configuration: .init(address: address))
        let group = ServiceGroup(services: [application, server], gracefulShutdownSignals: [.sigterm], logger: logger)
        try await group.run()
    }

    func describe() async throws {
        let scores = try application.store(.bytes("risk-store"))
        let owner = try application.metadata(ofKeyBytes: scores.key(from: "acct-1"), in: "risk-store")
        print(owner)
        do {
            let owner = try application.metadata(ofPartition: 0, in: "risk-store")
            print(owner)
        }
        let count = try application.partitionCount(of: "risk-store")
        print(count)
        let third = try application.store(.bytes("risk-store").partition(3))
        var page = try third.page(StoreRange(), limit: 100)
        while let place = page.next { page = try third.page(StoreRange(), after: place, limit: 100) }
    }

    func follow() async throws {
        let changes = try await application.changes(of: "risk-store", from: .earliest)
        var seen = changes.start
        for try await batch in changes {
            for change in batch { seen.merge(change.position) }
        }
    }
}

private struct Listening: ParsableArguments {
    @Option var listen: String?
    var additionalOptions: [AdditionalOption] { [AdditionalOption("listen", given: listen)] }
}

import ClusterCore
import Foundation
import Testing

@testable import EmbeddedBroker

@Suite struct DiskModelTests {
    @Test(
        "a cluster on disk answers as one in memory does, across kills, torn writes and lost data",
        arguments: 0..<20 as Range<UInt64>)
    func sameAsMemory(seed: UInt64) async throws {
        try await withDataDirectory { path in
            var run = try DiskRun(seed: seed, path: path)
            for _ in 0..<250 { try run.step() }
            try run.restart()
            #expect(run.crashes > 0 && run.losses > 0)
            run.end()
        }
    }
}

import ChildProcesses
import Foundation

/// A broker for measurements, with the topic `bench` of four partitions.
final class BenchBroker {
    static let topic = "bench"
    let address: String
    private let folder: URL
    private let process: ChildProcess

    init(millrace: String, port: Int) throws {
        guard FileManager.default.isExecutableFile(atPath: millrace) else {
            throw Failure("there is no \(millrace): build it, or name it with --millrace")
        }
        address = "127.0.0.1:\(port)"
        folder = FileManager.default.temporaryDirectory.appending(path: "millrace-redis-bench-broker-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let log = folder.appending(path: "broker.log")
        process = try ChildProcess(
            URL(filePath: millrace),
            [
                "broker", "--port", "\(port)", "--data-dir", folder.appending(path: "data").path, "--topic",
                "\(Self.topic):4", "--log-level", "warning",
            ], output: .log(log), errors: .log(log))
        let deadline = ContinuousClock.now + .seconds(60)
        while !Self.listens(port) {
            guard process.isRunning, ContinuousClock.now < deadline else {
                stop()
                throw Failure("the broker on port \(port) does not start")
            }
            Thread.sleep(forTimeInterval: 0.02)
        }
    }

    private static func listens(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafeBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { pointer in
                connect(descriptor, pointer.baseAddress, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    func stop() {
        process.stop()
        try? FileManager.default.removeItem(at: folder)
    }
}

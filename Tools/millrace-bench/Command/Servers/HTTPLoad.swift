import Foundation

/// A client that keeps connections busy with requests, one after the other on each. It runs on the calling thread and allocates
/// nothing for a request, because it shares the machine with the server that it measures.
final class HTTPLoad {
    private let requests: [[UInt8]]
    private var connections: [Connection] = []
    private var polled: [pollfd] = []
    private var next = 0
    private var buffer = [UInt8](repeating: 0, count: 256 << 10)

    /// A connection and what has arrived of a response.
    private struct Connection {
        let socket: Int32
        /// The bytes up to the end of the header.
        var header: [UInt8] = []
        /// The bytes of the body that are missing; `nil` before the header is complete.
        var missing: Int?
    }

    /// - Parameters:
    ///   - requests: complete requests, which are sent in turn.
    init(port: Int, connections count: Int, requests: [[UInt8]]) throws {
        guard !requests.isEmpty else { throw BenchError("there is nothing to send") }
        self.requests = requests
        for _ in 0..<count { connections.append(Connection(socket: try Self.connect(to: port))) }
        polled = connections.map { pollfd(fd: $0.socket, events: Int16(POLLIN), revents: 0) }
    }

    deinit {
        for connection in connections { close(connection.socket) }
    }

    /// Sends requests for a time. Returns the number of responses, all of which had status 200.
    func run(seconds: Double) throws -> Int {
        let end = monotonicSeconds() + seconds
        var count = 0
        for index in connections.indices { try sendNext(to: index) }
        var open = connections.count
        while open > 0 {
            guard poll(&polled, nfds_t(polled.count), 10_000) > 0 else { throw BenchError("the server is silent") }
            let isOver = monotonicSeconds() >= end
            for index in polled.indices where polled[index].revents != 0 {
                guard try receive(from: index) else { continue }
                count += 1
                if isOver { open -= 1 } else { try sendNext(to: index) }
            }
        }
        return count
    }

    /// Sends requests at a rate for a time, as far as connections are free. Returns the number of responses, all of which had
    /// status 200.
    func run(seconds: Double, rate: Int) throws -> Int {
        let start = monotonicSeconds()
        var (sent, count, lastResponse) = (0, 0, start)
        var free = Array(connections.indices)
        while true {
            let now = monotonicSeconds()
            let isOver = now - start >= seconds
            if isOver, free.count == connections.count { return count }
            let due = isOver ? sent : Int((now - start) * Double(rate))
            while sent < due, let index = free.popLast() {
                try sendNext(to: index)
                sent += 1
            }
            // At most a millisecond, so that requests are sent when they are due.
            guard poll(&polled, nfds_t(polled.count), 1) >= 0 || errno == EINTR else {
                throw BenchError("cannot wait for responses: \(errno)")
            }
            for index in polled.indices where polled[index].revents != 0 {
                guard try receive(from: index) else { continue }
                (count, lastResponse) = (count + 1, now)
                free.append(index)
            }
            if free.count < connections.count, now - lastResponse > 10 { throw BenchError("the server is silent") }
        }
    }

    private func sendNext(to index: Int) throws {
        let request = requests[next]
        next = next + 1 == requests.count ? 0 : next + 1
        var sent = 0
        while sent < request.count {
            let written = request.withUnsafeBytes {
                write(connections[index].socket, $0.baseAddress! + sent, $0.count - sent)
            }
            guard written > 0 else { throw BenchError("the server does not read: \(errno)") }
            sent += written
        }
    }

    /// Reads what has arrived. Returns whether a response is complete.
    private func receive(from index: Int) throws -> Bool {
        let count = read(connections[index].socket, &buffer, buffer.count)
        guard count > 0 else { throw BenchError("the server has hung up") }
        if let missing = connections[index].missing {
            connections[index].missing = missing - count
        } else {
            connections[index].header.append(contentsOf: buffer[..<count])
            if let (length, body) = try Self.length(of: connections[index].header) {
                connections[index].missing = length - (connections[index].header.count - body)
            }
        }
        guard let missing = connections[index].missing, missing <= 0 else { return false }
        connections[index].header.removeAll(keepingCapacity: true)
        connections[index].missing = nil
        return true
    }

    private static let endOfHeader = Array("\r\n\r\n".utf8)
    private static let lengthNames = ["\r\nContent-Length: ", "\r\ncontent-length: "].map { Array($0.utf8) }

    /// The length of a response's body and where it begins; `nil` if the header is not complete.
    private static func length(of response: [UInt8]) throws -> (length: Int, body: Int)? {
        try response.withUnsafeBytes { bytes -> (length: Int, body: Int)? in
            guard let end = bytes.index(after: endOfHeader) else { return nil }
            let header = UnsafeRawBufferPointer(rebasing: bytes[..<end])
            guard header.starts(with: "HTTP/1.1 200".utf8),
                let start = lengthNames.lazy.compactMap({ header.index(after: $0) }).first
            else { throw BenchError(String(decoding: response.prefix(1_000), as: UTF8.self)) }
            let digits = header[start...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            return (digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }, end)
        }
    }

    private static func connect(to port: Int) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw BenchError("cannot connect to port \(port): \(errno)") }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        return descriptor
    }
}

extension HTTPLoad {
    /// A port that nobody listens at.
    static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard isBound else { throw BenchError("there is no free port: \(errno)") }
        return Int(in_port_t(bigEndian: address.sin_port))
    }

    static func get(_ target: String, headers: String = "") -> [UInt8] {
        Array("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\(headers)\r\n".utf8)
    }

    static func post(_ target: String, json: String) -> [UInt8] {
        Array(
            "POST \(target) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: \(json.utf8.count)\r\n\r\n\(json)"
                .utf8)
    }
}

extension UnsafeRawBufferPointer {
    /// The index after the first occurrence of a text.
    fileprivate func index(after text: [UInt8]) -> Int? {
        guard count >= text.count else { return nil }
        return (0...(count - text.count)).first { start in
            self[start] == text[0] && text.indices.allSatisfy { self[start + $0] == text[$0] }
        }.map { $0 + text.count }
    }
}

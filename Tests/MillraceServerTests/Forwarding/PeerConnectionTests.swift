import Foundation
import HTTPTypes
import Millrace
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@testable import MillraceServer

@Suite("Requests to other instances", .timeLimit(.minutes(15)))
struct PeerConnectionTests {
    /// An unlucky peer, and the failure that the asker reports.
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var status: Int
        var code: String
        var steps: [ScriptedPeer.Step]
    }

    private static let cases = [
        Case(testDescription: "is silent", status: 504, code: "owner_silent", steps: []),
        Case(
            testDescription: "stops in the middle of an answer", status: 504, code: "owner_silent",
            steps: [.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")]),
        Case(
            testDescription: "answers with too much", status: 503, code: "owner_unreachable",
            steps: [ScriptedPeer.answer(String(repeating: "x", count: 2_000))]),
        Case(
            testDescription: "answers with too much in parts", status: 503, code: "owner_unreachable",
            steps: [.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")]
                + (0..<3).map { _ in .send("200\r\n\(String(repeating: "x", count: 512))\r\n") }),
        Case(
            testDescription: "speaks something else", status: 503, code: "owner_unreachable",
            steps: [.send("220 mail.example ESMTP\r\n")]),
        Case(
            testDescription: "closes the connection", status: 503, code: "owner_unreachable", steps: [.close]),
        Case(
            testDescription: "closes in the middle of a head", status: 503, code: "owner_unreachable",
            steps: [.send("HTTP/1.1 200 OK\r\nContent-Le"), .close]),
        Case(
            testDescription: "closes in the middle of a body", status: 503, code: "owner_unreachable",
            steps: [.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), .close]),
    ]

    @Test("a request that meets the end of a kept connection is sent over another one")
    func endOfConnection() async throws {
        let peer = try await ScriptedPeer { _ in [] }
        let eventLoop = MultiThreadedEventLoopGroup.singleton.any()
        let answer = eventLoop.makePromise(of: PeerClient.Answer.self)
        let again = eventLoop.makePromise(of: Void.self)
        let request = PeerRequest(
            head: HTTPRequestHead(version: .http1_1, method: .POST, uri: "/"), body: nil, maxResponseSizeInBytes: 1_000,
            promise: answer
        ).repeatable { _ in again.succeed() }
        let connection = try await ClientBootstrap(group: eventLoop).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                let arrivals = ArrivalMark()
                let pipeline = channel.pipeline.syncOperations
                try pipeline.addHandler(arrivals)
                try pipeline.addHTTPClientHandlers()
                try pipeline.addHandler(PeerConnection(arrivals) { _ in })
                try pipeline.addHandler(LateSender { PeerConnections.send(request, over: channel) })
            }
        }.connect(host: peer.address.host, port: peer.address.port).get()
        try await connection.close()
        try await again.futureResult.get()
        #expect(!request.isTaken && peer.requests.isEmpty)
        answer.fail(CancellationError())
    }

    @Test("a peer that does not answer as it should is reported, and its connection ends", arguments: cases)
    func unlucky(_ unlucky: Case) async throws {
        let peer = try await ScriptedPeer { _ in unlucky.steps }
        let client = try PeerClient(.init())
        // Only the silent ones may take all the time.
        let limit: Duration = unlucky.code == "owner_silent" ? .milliseconds(500) : .seconds(3_600)
        let failure = await #expect(throws: Failure.self) {
            try await client.ask(
                peer.address, target: "/", accept: "*/*", authorization: nil, within: limit,
                maxSizeInBytes: 1_000)
        }
        #expect(failure?.status.code == unlucky.status && failure?.code == unlucky.code)
        try await eventually("the end of the connection") { peer.openCount == 0 }
        #expect(peer.requests.count == 1 && peer.acceptedCount == 1)
        await client.shutdown()
        try await peer.stop()
    }

    @Test("a peer that nobody listens for is unreachable")
    func refused() async throws {
        let peer = try await ScriptedPeer { _ in [] }
        try await peer.stop()
        let client = try PeerClient(.init())
        let failure = await #expect(throws: Failure.self) {
            try await client.ask(
                peer.address, target: "/", accept: "*/*", authorization: nil, within: .seconds(3_600))
        }
        #expect(failure?.code == "owner_unreachable")
        await client.shutdown()
    }

    @Test("a request that is cancelled ends at once, with its connection")
    func cancelled() async throws {
        let peer = try await ScriptedPeer { _ in [] }
        let client = try PeerClient(.init())
        let request = Task {
            try await client.ask(
                peer.address, target: "/", accept: "*/*", authorization: nil, within: .seconds(3_600))
        }
        try await eventually("the request") { peer.requests.count == 1 }
        request.cancel()
        await #expect(throws: CancellationError.self) { try await request.value }
        try await eventually("the end of the connection") { peer.openCount == 0 }
        #expect(peer.requests.count == 1)
        await client.shutdown()
        try await peer.stop()
    }

    // MARK: Connections that are kept

    private static let loop = MultiThreadedEventLoopGroup.singleton.next()

    /// Sends a request from one and the same event loop.
    private static func send(
        _ connections: PeerConnections, to peer: ScriptedPeer, _ method: HTTPMethod = .GET
    ) async throws -> PeerClient.Answer {
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: "/")
        head.headers.add(name: "host", value: "peer")
        if method == .POST { head.headers.add(name: "content-length", value: "0") }
        let promise = loop.makePromise(of: PeerClient.Answer.self)
        connections.send(
            PeerRequest(head: head, body: nil, maxResponseSizeInBytes: 1_000, promise: promise), to: peer.address)
        return try await promise.futureResult.get()
    }

    @Test("a connection is kept for the next request, until close() ends it")
    func kept() async throws {
        let peer = try await ScriptedPeer { _ in [ScriptedPeer.answer("yes")] }
        let connections = PeerConnections(nil)
        for _ in 0..<5 { #expect(try await Self.send(connections, to: peer).status == 200) }
        #expect(peer.acceptedCount == 1 && peer.openCount == 1 && peer.requests.count == 5)
        await connections.close()
        try await eventually("the end of the connection") { peer.openCount == 0 }
        // What is asked after that is answered, and its connection is not kept.
        #expect(try await Self.send(connections, to: peer).status == 200)
        try await eventually("the end of the connection") { peer.openCount == 0 }
        #expect(peer.acceptedCount == 2)
        try await peer.stop()
    }

    @Test("a connection that its peer says it closes is not kept")
    func closing() async throws {
        let peer = try await ScriptedPeer { _ in [ScriptedPeer.answer("yes", headers: "Connection: close\r\n"), .close]
        }
        let connections = PeerConnections(nil)
        for _ in 0..<3 { #expect(try await Self.send(connections, to: peer).status == 200) }
        #expect(peer.acceptedCount == 3)
        try await eventually("the end of the connections") { peer.openCount == 0 }
        await connections.close()
        try await peer.stop()
    }

    @Test("a GET is sent once more if a kept connection closes without a byte of an answer; a POST is not")
    func repeated() async throws {
        let peer = try await ScriptedPeer { $0.number == 1 ? [ScriptedPeer.answer("yes")] : [.close] }
        let connections = PeerConnections(nil)
        #expect(try await Self.send(connections, to: peer).status == 200)
        #expect(try await Self.send(connections, to: peer).status == 200)
        // Over the first connection, over the same one in vain, and over another one.
        #expect(peer.requests.map(\.connection) == [1, 1, 2] && peer.acceptedCount == 2)
        await #expect(throws: PeerError.closed) { try await Self.send(connections, to: peer, .POST) }
        #expect(peer.requests.map(\.connection) == [1, 1, 2, 2])
        await connections.close()
        try await eventually("the end of the connections") { peer.openCount == 0 }
        try await peer.stop()
    }

    @Test("a GET is sent once more only once, and not if some of an answer has arrived")
    func notRepeated() async throws {
        let peer = try await ScriptedPeer { request in
            switch (request.connection, request.number) {
            case (1, 1), (3, 1): [ScriptedPeer.answer("yes")]
            case (3, 2): [.send("HTTP/1.1 200 O"), .close]
            default: [.close]
            }
        }
        let connections = PeerConnections(nil)
        #expect(try await Self.send(connections, to: peer).status == 200)
        await #expect(throws: PeerError.closed) { try await Self.send(connections, to: peer) }
        #expect(peer.requests.map(\.connection) == [1, 1, 2])
        #expect(try await Self.send(connections, to: peer).status == 200)
        await #expect(throws: (any Error).self) { try await Self.send(connections, to: peer) }
        #expect(peer.requests.map(\.connection) == [1, 1, 2, 3, 3])
        try await eventually("the end of the connections") { peer.openCount == 0 }
        await connections.close()
        try await peer.stop()
    }

    @Test(
        "a request that a closed connection has not taken is sent over another one, whatever its method",
        arguments: [HTTPMethod.GET, .POST])
    func notTaken(_ method: HTTPMethod) async throws {
        let peer = try await ScriptedPeer { _ in [ScriptedPeer.answer("yes")] }
        let connections = PeerConnections(nil)
        #expect(try await Self.send(connections, to: peer).status == 200)
        // The loop sends the request, and before it does, learns nothing of the connection's end.
        let answer = try await Self.loop.flatSubmit {
            let promise = Self.loop.makePromise(of: PeerClient.Answer.self)
            let head = HTTPRequestHead(
                version: .http1_1, method: method, uri: "/", headers: ["host": "peer", "content-length": "0"])
            let request = PeerRequest(head: head, body: nil, maxResponseSizeInBytes: 1_000, promise: promise)
                .repeatable { connections.send($0, to: peer.address) }
            // A channel that has ended takes nothing.
            ClientBootstrap(group: Self.loop).connect(host: "127.0.0.1", port: peer.address.port).whenSuccess {
                channel in
                channel.close().whenComplete { _ in PeerConnections.send(request, over: channel) }
            }
            return promise.futureResult
        }.get()
        #expect(answer.status == 200)
        #expect(peer.requests.count == 2)
        await connections.close()
        try await eventually("the end of the connections") { peer.openCount == 0 }
        try await peer.stop()
    }
}

/// Sends something at the end of a connection, while its handlers are still there.
private final class LateSender: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private let send: () -> Void

    init(_ send: @escaping () -> Void) { self.send = send }

    func channelInactive(context: ChannelHandlerContext) {
        send()
        context.fireChannelInactive()
    }
}

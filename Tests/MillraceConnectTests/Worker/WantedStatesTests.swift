import Foundation
import Millrace
import MillraceConnect
import Testing

@Suite("The states that were asked for")
struct WantedStatesTests {
    private let task = SourceTaskID(connector: "orders", partition: "a")

    @Test("a task is paused with its connector or by itself")
    func pauses() {
        var states = WantedStates()
        #expect(states.state(of: task) == .running)
        states.take(.init(.paused), for: "orders")
        #expect(states.state(of: task) == .paused)
        states.take(.init(.paused), for: "orders/a")
        states.take(.init(.running), for: "orders")
        #expect(states.state(of: task) == .paused)
        #expect(states.state(of: "orders") == .running)
        states.take(nil, for: "orders/a")
        #expect(states.state(of: task) == .running)
        states.take(.init(.paused), for: "other")
        #expect(states.state(of: task) == .running)
    }

    @Test(
        "a wish is read from its text",
        arguments: [
            (#"{"state":"PAUSED"}"#, WantedStates.Wish(.paused)),
            (#"{"state":"RUNNING","restart":true}"#, WantedStates.Wish(.running, isRestart: true)),
            (#"{"state":"STOPPED"}"#, nil), (#"["PAUSED"]"#, nil), ("{}", nil),
        ] as [(String, WantedStates.Wish?)])
    func texts(text: String, wish: WantedStates.Wish?) throws {
        let read = WantedStates.Wish(try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)))
        #expect(read == wish)
        if let wish { #expect(wish.text == text) }
    }
}

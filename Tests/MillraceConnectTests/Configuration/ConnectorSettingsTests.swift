import Millrace
import MillraceConnect
import Testing

@Suite("The settings of a connector")
struct ConnectorSettingsTests {
    private enum Mode: String, CaseIterable { case all, changes }

    /// Everything that a connector has read.
    private struct Reading: Equatable {
        var text = ""
        var topic = ""
        var count = 0
        var flag = false
        var time = Duration.zero
        var list: [String] = []
        var mode = Mode.all
        var password: Secret?
        var tables: [String] = []
    }

    private static let secrets = SecretStore(
        variable: { $0 == "PASSWORD" ? "hush" : nil },
        file: { path in
            guard path == "/run/password" else { throw ConnectorError(.permanent, "no such file") }
            return "hush\n"
        })

    private func read(_ json: String) throws -> (Reading, [String]) {
        let settings = try ConnectorSettings(json: json, path: "connectors.orders", secrets: Self.secrets)
        var reading = Reading()
        reading.text = settings.text("text", default: "none")
        reading.topic = settings.topic("topic", default: "orders")
        reading.count = settings.number("count", in: 1...10, default: 5)
        reading.flag = settings.boolean("flag", default: true)
        reading.time = settings.duration("time", in: .milliseconds(10)...(.seconds(86_400)), default: .seconds(1))
        reading.list = settings.list("list", default: ["a"])
        reading.mode = settings.choice("mode", default: .changes)
        reading.password = settings.optionalSecret("password")
        reading.tables = settings.objects("tables").map { "\($0.name)=\($0.settings.text("to"))" }
        settings.reportUnknown()
        return (reading, settings.problems.map(\.description))
    }

    @Test("without values the defaults hold")
    func defaults() throws {
        let (reading, problems) = try read("{}")
        #expect(problems.isEmpty)
        #expect(
            reading
                == Reading(
                    text: "none", topic: "orders", count: 5, flag: true, time: .seconds(1), list: ["a"], mode: .changes)
        )
    }

    @Test("every value has its type")
    func values() throws {
        let (reading, problems) = try read(
            #"{"text": "t", "topic": "x.y", "count": 7, "flag": false, "time": "2m", "list": ["b", "c"], "mode": "all","#
                + #" "password": {"file": "/run/password"}, "tables": {"v": {"to": "w"}, "u": {"to": "z"}}}"#)
        #expect(problems.isEmpty)
        #expect(
            reading
                == Reading(
                    text: "t", topic: "x.y", count: 7, flag: false, time: .seconds(120), list: ["b", "c"], mode: .all,
                    password: Secret("hush"), tables: ["u=z", "v=w"]))
    }

    @Test(
        "a wrong value gives its sentence",
        arguments: [
            (#"{"text": ""}"#, "connectors.orders.text: must be a text that is not empty"),
            (#"{"text": {}}"#, "connectors.orders.text: must be a text that is not empty"),
            (
                #"{"topic": "a b"}"#,
                "connectors.orders.topic: must be 1 to 249 letters, digits, '.', '_' or '-', and not '.' or '..'"
            ),
            (#"{"count": 11}"#, "connectors.orders.count: must be a whole number from 1 to 10"),
            (#"{"count": 1.5}"#, "connectors.orders.count: must be a whole number from 1 to 10"),
            (#"{"flag": "yes"}"#, "connectors.orders.flag: must be true or false"),
            (#"{"time": 100}"#, "connectors.orders.time: must be a time from 10ms to 1d, such as 100ms, 30s or 5m"),
            (#"{"time": "9ms"}"#, "connectors.orders.time: must be a time from 10ms to 1d, such as 100ms, 30s or 5m"),
            (
                #"{"time": "9223372036854775807d"}"#,
                "connectors.orders.time: must be a time from 10ms to 1d, such as 100ms, 30s or 5m"
            ),
            (
                #"{"list": ["a", ""]}"#,
                "connectors.orders.list: must be a text, or an array of texts that are not empty"
            ),
            (#"{"mode": "none"}"#, "connectors.orders.mode: must be all or changes"),
            (
                #"{"password": "hush"}"#,
                #"connectors.orders.password: must be {"file": "PATH"} or {"environment": "NAME"}, "#
                    + "because a secret never stands in the configuration itself"
            ),
            (
                #"{"password": {"environment": "PASWORD"}}"#,
                "connectors.orders.password: the environment variable PASWORD is not set"
            ),
            (#"{"password": {"file": "/gone"}}"#, "connectors.orders.password: the file /gone cannot be read"),
            (#"{"tables": {"u": {}}}"#, "connectors.orders.tables.u.to: is missing"),
            (#"{"tables": {"u": 1}}"#, "connectors.orders.tables.u: must be an object"),
            (
                #"{"tables": {"u": {"to": "z", "too": 1}}}"#,
                "connectors.orders.tables.u.too: is not a setting; did you mean to?"
            ),
            (#"{"tpic": "x"}"#, "connectors.orders.tpic: is not a setting; did you mean topic?"),
            (#"{"completely": 1}"#, "connectors.orders.completely: is not a setting"),
        ])
    func wrong(json: String, sentence: String) throws {
        let (_, problems) = try read(json)
        #expect(problems == [sentence])
    }

    @Test("all problems are known at once, and the connector is thrown away")
    func allAtOnce() throws {
        let kind = ConnectorKind("lines") { settings in
            _ = (settings.text("path"), settings.number("count", in: 1...10), settings.secret("password"))
            throw ConnectorError(.permanent, "this follows from the others")
        }
        let error = #expect(throws: InvalidConnectConfiguration.self) {
            try kind.connector(json: #"{"type": "lines", "count": 0, "pth": "x"}"#, path: "connectors.a")
        }
        #expect(
            error?.description == """
                4 settings are wrong:
                  connectors.a.path: is missing
                  connectors.a.count: must be a whole number from 1 to 10
                  connectors.a.password: is missing
                  connectors.a.pth: is not a setting; did you mean path?
                """)
    }

    @Test("an error of the connector itself is a problem of its settings")
    func ownError() throws {
        let kind = ConnectorKind("lines") { _ in throw ConnectorError(.permanent, "use another path") }
        let problem = SettingProblem(path: "connectors.a", message: "use another path")
        #expect(throws: InvalidConnectConfiguration([problem])) {
            try kind.connector(json: "{}", path: "connectors.a")
        }
    }

    @Test("a secret is in no description of itself")
    func hidden() {
        let secret = Secret("hush")
        var dumped = ""
        dump([secret], to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), "\(Optional(secret) as Any)", "\([secret])", dumped] {
            #expect(!text.contains("hush"))
        }
    }
}

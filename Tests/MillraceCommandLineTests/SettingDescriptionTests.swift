import Millrace
import MillraceCommandLine
import MillraceRuntime
import Testing

@Suite struct SettingDescriptionTests {
    private func describe(
        _ arguments: [String] = [], environment: [String: String] = [:], file: String? = nil,
        changing change: (inout StreamsConfiguration) -> Void = { _ in }
    ) throws -> [String: SettingDescription] {
        let options = try resolve(arguments, environment: environment, file: file)
        var configuration = options.configuration
        change(&configuration)
        let described = options.settingDescriptions(inForce: configuration)
        return Dictionary(described.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    @Test("a setting names the layer that gave its value: the flag, the variable, the file's key, or the default")
    func sources() throws {
        let settings = try describe(
            ["--threads", "3"], environment: ["MILLRACE_STANDBY_REPLICAS": "1", "MILLRACE_THREADS": "2"],
            file: #"{"guarantee": "at-least-once", "threads": 7}"#)
        #expect(settings["threads"]?.value == "3")
        #expect(settings["threads"]?.source == "--threads")
        #expect(settings["threads"]?.defaultValue == "1")
        #expect(settings["standby-replicas"]?.source == "MILLRACE_STANDBY_REPLICAS")
        #expect(settings["guarantee"]?.value == "at-least-once")
        #expect(settings["guarantee"]?.source.hasSuffix(": guarantee") == true)
        #expect(settings["cache-max-bytes"]?.source == "default")
        #expect(settings["cache-max-bytes"]?.value == settings["cache-max-bytes"]?.defaultValue)
    }

    @Test("a value that the command has changed afterwards comes from code")
    func changed() throws {
        let settings = try describe { $0.applicationServer = "127.0.0.1:8080" }
        #expect(settings["application-server"]?.value == "127.0.0.1:8080")
        #expect(settings["application-server"]?.source == "code")
    }

    @Test("settings of librdkafka have their group's name and their origin, and secrets have no value")
    func clientSettings() throws {
        let settings = try describe(
            ["--kafka", "client.rack=r1", "--kafka", "sasl.password=geheim"],
            environment: ["MILLRACE_PRODUCER_LINGER_MS": "5"])
        #expect(settings["kafka.client.rack"]?.value == "r1")
        #expect(settings["kafka.client.rack"]?.source == "--kafka")
        #expect(settings["producer.linger.ms"]?.source == "MILLRACE_PRODUCER_LINGER_MS")
        #expect(settings["kafka.sasl.password"]?.source == "--kafka")
        #expect(settings["kafka.sasl.password"]?.value == nil)
    }

    @Test("every setting of the configuration is described once")
    func all() throws {
        let configuration = StreamsConfiguration(applicationID: "a", bootstrapServers: ["b:1"], stateDirectory: "s")
        let names = configuration.settingDescriptions.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(names.contains("application-id"))
        let resolved = try resolve()
        let all = resolved.settingDescriptions(inForce: resolved.configuration).map(\.name)
        #expect(Set(all).count == all.count)
        #expect(Set(names).isSubset(of: all))
    }
}

import Millrace
import MillraceCommandLine
import MillraceRuntime

/// The examples of the documentation of what the console shows. They need to compile only.
private enum ConsoleExamples {
    static func graph(_ topology: Topology) {
        for subtopology in topology.graph.subtopologies {
            for node in subtopology.nodes { print(subtopology.id, node.name, node.successors) }
        }
        for (store, topic) in topology.changelogTopics { print(store, topic.name) }
    }

    static func work(_ application: StreamsApplication) {
        for error in application.recentErrors { print(error.kind.rawValue, error.message) }
        for thread in application.threads { print(thread.id, thread.state.rawValue, thread.tasks) }
    }

    static func settings(_ configuration: StreamsConfiguration, _ instance: InstanceOptions) throws {
        for setting in configuration.settingDescriptions { print(setting.name, setting.value ?? "hidden") }
        let options = try instance.resolve()
        for setting in options.settingDescriptions(inForce: options.configuration) {
            print(setting.name, setting.value ?? "hidden", setting.source)
        }
    }
}

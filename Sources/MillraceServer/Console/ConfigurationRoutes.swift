import Hummingbird
import Millrace
import MillraceRuntime

/// The settings of this instance, and what gave each.
struct ConfigurationRoutes: RouteGroup {
    let settings: [SettingDescription]

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/configuration",
                summary:
                    "Lists the settings of this instance with their values and what gave them. Values that may be secrets are hidden.",
                replies: [
                    Route.Reply(
                        status: 200, summary: "The settings.",
                        content: ["application/json": ConsoleSchema.configuration])
                ], answer: { _ in .json(JSON.object([("settings", JSON.array(settings.map(\.json)))])) })
        ]
    }
}

extension SettingDescription {
    fileprivate var json: String {
        JSON.object([
            ("name", JSON.quoted(name)), ("group", JSON.quoted(group)), ("value", value.map(JSON.quoted)),
            ("isHidden", "\(value == nil)"), ("default", defaultValue.map(JSON.quoted)),
            ("source", JSON.quoted(source)), ("summary", JSON.quoted(summary)),
        ])
    }
}

import HTTPTypes
import Hummingbird
import NIOCore

/// The files of the console's page, which the executable contains.
///
/// They hold no data, so anybody who reaches the port may load them; what they show, they ask the other endpoints for. The page may
/// load nothing from elsewhere and runs no script but its own files, so a key that looks like a script stays text.
struct ConsoleRoutes: RouteGroup {
    private static let policy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self'",
        "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    ].joined(separator: "; ")

    /// The files of the page; those of an application's by default.
    var files = ConsoleFile.all

    var routes: [Route] {
        files.map { file in
            Route(
                method: .get, path: file.path, summary: file.summary, permission: .none,
                replies: [
                    Route.Reply(status: 200, summary: "The file.", content: [file.mediaType: Schema.text])
                ], answer: { _ in Self.response(file) })
        }
    }

    private static func response(_ file: ConsoleFile) -> Response {
        var response = Response.bytes(
            ByteBuffer(bytes: file.content), type: "\(file.mediaType); charset=utf-8", position: nil)
        response.headers[.contentSecurityPolicy] = policy
        response.headers[.referrerPolicy] = "no-referrer"
        response.headers[.crossOriginOpenerPolicy] = "same-origin"
        return response
    }
}

extension HTTPField.Name {
    fileprivate static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
    fileprivate static let crossOriginOpenerPolicy = HTTPField.Name("Cross-Origin-Opener-Policy")!
}

/// A file of the page.
struct ConsoleFile: Sendable {
    var path: String
    var mediaType: String
    var summary: String
    var content: [UInt8]

    static let all = [
        ConsoleFile(
            path: "/", mediaType: "text/html", summary: "The console.", content: PackageResources.index_html),
        ConsoleFile(
            path: "/console/console.css", mediaType: "text/css", summary: "The console's colours and layout.",
            content: PackageResources.console_css),
        ConsoleFile(
            path: "/console/icon.svg", mediaType: "image/svg+xml", summary: "The console's icon.",
            content: PackageResources.icon_svg),
        script("main", PackageResources.main_js), script("api", PackageResources.api_js),
        script("dom", PackageResources.dom_js), script("history", PackageResources.history_js),
        script("overview", PackageResources.overview_js), script("layout", PackageResources.layout_js),
        script("topology", PackageResources.topology_js), script("tasks", PackageResources.tasks_js),
        script("stores", PackageResources.stores_js), script("indexes", PackageResources.indexes_js),
        script("errors", PackageResources.errors_js),
        script("configuration", PackageResources.configuration_js), script("metrics", PackageResources.metrics_js),
        script("operating", PackageResources.operating_js), script("nodes", PackageResources.nodes_js),
        script("letters", PackageResources.letters_js), script("why", PackageResources.why_js),
        script("tiles", PackageResources.tiles_js), script("token", PackageResources.token_js),
        script("confirm", PackageResources.confirm_js),
    ]

    /// The page of a worker of connectors.
    static let ofConnectors =
        [
            ConsoleFile(
                path: "/", mediaType: "text/html", summary: "The console.", content: PackageResources.connectors_html),
            script("connectors", PackageResources.connectors_js),
        ]
        + all.filter {
            sharedFiles.contains(String($0.path.split(separator: "/").last ?? ""))
        }

    private static let sharedFiles: Set = [
        "console.css", "icon.svg", "api.js", "confirm.js", "dom.js", "history.js", "tiles.js", "token.js",
    ]

    private static func script(_ name: String, _ content: [UInt8]) -> ConsoleFile {
        ConsoleFile(
            path: "/console/\(name).js", mediaType: "text/javascript", summary: "A script of the console.",
            content: content)
    }
}

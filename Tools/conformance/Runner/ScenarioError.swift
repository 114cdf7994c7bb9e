/// The reason why a scenario did not pass.
package enum ScenarioError: Error, CustomStringConvertible, Hashable {
    /// The file does not follow FORMAT.md.
    case malformed(String)
    /// An operation, a field or a function that the runner or the library does not know yet, as `operation.field`.
    case unsupported(String)
    /// The library's result differs from the recording; the text names the first difference.
    case difference(String)

    package var description: String {
        switch self {
        case .malformed(let text): "malformed: \(text)"
        case .unsupported(let text): "unsupported: \(text)"
        case .difference(let text): text
        }
    }
}

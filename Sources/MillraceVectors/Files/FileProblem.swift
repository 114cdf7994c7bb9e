import Glibc

/// The reason why a file of an index cannot be used.
package struct FileProblem: Error, CustomStringConvertible {
    package enum Kind: Sendable {
        /// The system refused a call.
        case system(Int32)
        /// The contents are not what was written.
        case damaged
    }

    package let kind: Kind
    package let path: String
    package let message: String

    package var description: String { "\(path): \(message)" }

    static func damaged(_ path: String, _ message: String) -> FileProblem {
        FileProblem(kind: .damaged, path: path, message: message)
    }

    /// The failure of the last system call.
    static func system(_ path: String, _ call: String, _ number: Int32 = errno) -> FileProblem {
        FileProblem(kind: .system(number), path: path, message: "cannot \(call): \(String(cString: strerror(number)))")
    }
}

extension FileProblem {
    /// Whether the system refused a call.
    var isOfSystem: Bool { if case .system = kind { true } else { false } }

    /// Whether there was no room on the disk.
    var isOfFullDisk: Bool {
        if case .system(let number) = kind { number == ENOSPC || number == EDQUOT } else { false }
    }

    /// Stands for damage of any file.
    package struct Damage: Error {}

    /// Performs something; damage of a file becomes a `Damage`.
    static func catchingDamage<Result>(_ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let problem as FileProblem {
            if case .damaged = problem.kind { throw Damage() }
            throw problem
        }
    }
}

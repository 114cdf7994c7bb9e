import Glibc
package import Logging
import Synchronization

/// Writes a line to standard error.
package func complain(_ line: String) { screen.withLock { $0.write("\(line)\n", to: STDERR_FILENO) } }

/// Writes a line to standard output at once.
package func printLine(_ line: String) { screen.withLock { $0.write("\(line)\n", to: STDOUT_FILENO) } }

/// The columns of a terminal; nil if the descriptor is none.
func terminalWidth(of descriptor: Int32) -> Int? {
    var size = winsize()
    guard isatty(descriptor) == 1, ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
}

/// The abilities of the terminal at standard error, by the usual variables.
struct TerminalAbilities {
    /// Whether a line can be erased. A terminal without a name or with the name `dumb` cannot.
    var erases: Bool
    /// Whether characters beyond ASCII are shown.
    var showsUnicode: Bool

    static let current = TerminalAbilities(Environment.current)

    init(_ environment: [String: String]) {
        erases = !["", "dumb"].contains(environment["TERM"] ?? "")
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        let encoding = locale.lowercased()
        showsUnicode = encoding.contains("utf-8") || encoding.contains("utf8")
    }
}

/// Everything that the command writes goes through here, so that a progress bar never stands in the middle of other text.
let screen = Mutex(Screen())

/// The two outputs of the command, and the progress bar that stands below them on a terminal.
struct Screen {
    private static let delay = Duration.seconds(2)
    private static let intervalInMicroseconds: UInt32 = 200_000
    private static let outputIsTerminal = isatty(STDOUT_FILENO) == 1

    /// The bars that have begun and not ended, the newest last: that one is shown.
    private var bars: [(number: UInt64, content: ProgressBar.Content)] = []
    private var count: UInt64 = 0
    private var isDrawn = false
    private var hasThread = false

    /// Makes a bar the one that is shown until it ends. Returns its number.
    mutating func begin(_ bar: ProgressBar.Content) -> UInt64 {
        erase()
        count &+= 1
        bars.append((count, bar))
        if !hasThread {
            // The threads of the concurrency pool may all be busy.
            var thread = pthread_t()
            let status = pthread_create(
                &thread, nil,
                { _ in
                    repeat { usleep(Screen.intervalInMicroseconds) } while screen.withLock { $0.tick() }
                    return nil
                }, nil)
            hasThread = status == 0
            if hasThread { pthread_detach(thread) }
        }
        return count
    }

    /// Changes a bar; nothing if it has ended.
    mutating func change(_ number: UInt64, _ body: (inout ProgressBar.Content) -> Void) {
        guard let index = bars.lastIndex(where: { $0.number == number }) else { return }
        body(&bars[index].content)
    }

    /// Ends a bar. The one that was shown before it is shown again.
    mutating func end(_ number: UInt64) {
        guard let index = bars.lastIndex(where: { $0.number == number }) else { return }
        if index == bars.count - 1 { erase() }
        bars.remove(at: index)
        if bars.isEmpty { BarSignals.restore() }
    }

    /// Draws the bar if it is time. Returns whether there still is one; otherwise the thread ends.
    private mutating func tick() -> Bool {
        hasThread = !bars.isEmpty
        if let bar = bars.last?.content, bar.start.duration(to: .now) >= Self.delay, Self.isInForeground {
            BarSignals.handle()
            let line = bar.line(
                width: terminalWidth(of: STDERR_FILENO) ?? 80, unicode: TerminalAbilities.current.showsUnicode)
            Self.writeAll("\r\u{1B}[K\(line)", to: STDERR_FILENO)
            isDrawn = true
        }
        return hasThread
    }

    /// Removes the bar, which is drawn again later.
    mutating func erase() {
        guard isDrawn else { return }
        isDrawn = false
        if Self.isInForeground { Self.writeAll("\r\u{1B}[K", to: STDERR_FILENO) }
    }

    mutating func write(_ text: String, to descriptor: Int32) {
        if descriptor != STDOUT_FILENO || Self.outputIsTerminal { erase() }
        Self.writeAll(text, to: descriptor)
    }

    /// Whether the terminal is this command's. In the background it would write over what somebody types.
    private static var isInForeground: Bool {
        let group = tcgetpgrp(STDERR_FILENO)
        return group < 0 || group == getpgrp()
    }

    private static func writeAll(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            // Whoever was to read it has gone.
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

/// Removes the bar when a signal ends or stops the command, so that the shell finds an empty line.
///
/// A signal that the program handles or ignores is left alone: then the command ends in its own way, which removes the bar.
enum BarSignals {
    private static let numbers = [SIGINT, SIGTERM, SIGQUIT, SIGTSTP]

    /// Handles the signals that would otherwise have their default effect.
    static func handle() {
        for number in numbers where handler(of: number) == nil {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = erasing
            // A stopped command goes on and handles the next stop too. One that is to end ends by the default effect.
            action.sa_flags =
                SA_RESTART | (number == SIGTSTP ? 0 : SA_NODEFER | Int32(bitPattern: UInt32(SA_RESETHAND)))
            sigaction(number, &action, nil)
        }
    }

    /// Gives the signals their default effect again.
    static func restore() {
        for number in numbers where handler(of: number).map({ address($0) == address(erasing) }) ?? false {
            signal(number, SIG_DFL)
        }
    }

    /// The handler of a signal; nil if the signal has its default effect.
    private static func handler(of number: Int32) -> sighandler_t? {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return SIG_IGN }
        return action.__sigaction_handler.sa_handler
    }

    private static func address(_ handler: sighandler_t) -> Int { unsafeBitCast(handler, to: Int.self) }

    /// It calls only what is allowed in a handler.
    private static let erasing: sighandler_t = { number in
        let (before, erasure): (Int32, StaticString) = (errno, "\r\u{1B}[K")
        _ = Glibc.write(STDERR_FILENO, erasure.utf8Start, erasure.utf8CodeUnitCount)
        raise(number == SIGTSTP ? SIGSTOP : number)
        errno = before
    }
}

/// Removes the progress bar before each message of another handler.
package struct BarErasingLogHandler: LogHandler {
    private var handler: any LogHandler

    package init(_ handler: any LogHandler) { self.handler = handler }

    package func log(event: LogEvent) {
        screen.withLock { $0.erase() }
        handler.log(event: event)
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { handler[metadataKey: key] }
        set { handler[metadataKey: key] = newValue }
    }

    package var metadata: Logger.Metadata {
        get { handler.metadata }
        set { handler.metadata = newValue }
    }

    package var metadataProvider: Logger.MetadataProvider? {
        get { handler.metadataProvider }
        set { handler.metadataProvider = newValue }
    }

    package var logLevel: Logger.Level {
        get { handler.logLevel }
        set { handler.logLevel = newValue }
    }
}

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

/// Everything that the command writes goes through here, so that a progress bar never stands in the middle of other text.
let screen = Mutex(Screen())

/// The two outputs of the command, and the progress bar that stands below them on a terminal.
struct Screen {
    private static let delay = Duration.seconds(2)
    private static let intervalInMicroseconds: UInt32 = 200_000

    /// The bar that is shown; the newest if there are several.
    var bar: ProgressBar.Content?
    private(set) var barCount: UInt64 = 0
    private var isDrawn = false
    private var hasThread = false

    /// Makes a bar the one that is shown. Returns its number.
    mutating func begin(_ bar: ProgressBar.Content) -> UInt64 {
        erase()
        barCount &+= 1
        self.bar = bar
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
        return barCount
    }

    mutating func end() {
        erase()
        bar = nil
    }

    /// Draws the bar if it is time. Returns whether there still is one; otherwise the thread ends.
    private mutating func tick() -> Bool {
        hasThread = bar != nil
        if let bar, bar.start.duration(to: .now) >= Self.delay {
            Self.writeAll("\r\u{1B}[K\(bar.line(width: terminalWidth(of: STDERR_FILENO) ?? 80))", to: STDERR_FILENO)
            isDrawn = true
        }
        return hasThread
    }

    /// Removes the bar, which is drawn again later.
    mutating func erase() {
        guard isDrawn else { return }
        isDrawn = false
        Self.writeAll("\r\u{1B}[K", to: STDERR_FILENO)
    }

    mutating func write(_ text: String, to descriptor: Int32) {
        erase()
        Self.writeAll(text, to: descriptor)
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

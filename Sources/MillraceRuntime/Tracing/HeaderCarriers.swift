import Millrace
import Tracing

/// Reads a trace's context from the headers of a record. Of several headers with one name the last counts, as in Kafka.
struct HeaderExtractor: Extractor {
    /// The longest value that is passed to a tracer. W3C Trace Context asks for at least 512 characters of `tracestate`.
    private static let maxLength = 8_192

    func extract(key: String, from headers: Headers) -> String? {
        guard let value = headers.last(named: key)?.value, value.count <= Self.maxLength else { return nil }
        return String(validating: value, as: UTF8.self)
    }
}

/// Collects the headers that carry a span's context.
struct HeaderInjector: Injector {
    func inject(_ value: String, forKey key: String, into headers: inout [Header]) {
        headers.append(Header(name: key, value: Array(value.utf8)))
    }
}

/// The requests that are in flight on one connection. Their answers come in the order of the requests (RFC 9112, 9.3.2), so an answer
/// always belongs to the oldest one.
///
/// A request whose asker has gone keeps its place, because its answer still comes. One that has not been sent has no answer.
package struct RequestsInFlight<Request> {
    private var requests: [Request] = []
    /// The index of the oldest request.
    private var start = 0
    /// The index after the last one that has been sent.
    private var sentEnd = 0

    package init() {}

    package var count: Int { requests.count - start }

    package var oldest: Request? { start < requests.count ? requests[start] : nil }

    /// Adds a request, which is about to be sent.
    package mutating func append(_ request: Request) { requests.append(request) }

    /// Notes that all requests have been sent.
    package mutating func send() { sentEnd = requests.count }

    /// Removes the request to which the next answer belongs; `nil` if nobody can have asked for it.
    package mutating func removeOldest() -> Request? {
        guard start < sentEnd, let oldest else { return nil }
        start += 1
        // The answered ones are removed only now and then, so that a removal takes constant time on average.
        if start == requests.count || (start >= 64 && start * 2 >= requests.count) {
            requests.removeFirst(start)
            (start, sentEnd) = (0, sentEnd - start)
        }
        return oldest
    }

    /// Removes all requests when the connection has ended, the oldest first. None of them gets an answer.
    package mutating func removeAll() -> ArraySlice<Request> {
        defer { (requests, start, sentEnd) = ([], 0, 0) }
        return requests[start...]
    }
}

import Millrace
import MillraceRouting

/// A connection from one server to another that carries many reads at once, as `SharedConnection` of `MillraceServer` is.
///
/// Messages over it arrive in order or not at all: where a message is lost, nothing arrives any more. Answers carry nothing that says
/// to which read they belong.
final class SharedSimulatedConnection {
    private let asker: SimulatedHost
    private let owner: SimulatedServer
    private let network: SimulatedNetwork
    private(set) var hasEnded = false
    private var reads = RequestsInFlight<Read>()
    private var readCount = 0
    /// The moments at which the last message arrives on either side.
    private var lastRequest = Moment.distantPast
    private var lastAnswer = Moment.distantPast
    private var isBroken = false
    /// The owner's answers that have not been sent, in the order of the requests; `nil` where there is none yet.
    private var answers: [Int: RoutedResult] = [:]
    private var received: [Int] = []

    private struct Read {
        var number: Int
        var finish: (RoutedResult?) -> Void
    }

    init(from asker: SimulatedHost, to owner: SimulatedServer, _ network: SimulatedNetwork) {
        self.asker = asker
        self.owner = owner
        self.network = network
    }

    /// Sends a read.
    ///
    /// - Parameter finish: gets the answer; `nil` if the connection has ended without one.
    func send(_ request: RoutedRequest, _ finish: @escaping (RoutedResult?) -> Void) {
        readCount += 1
        let number = readCount
        reads.append(Read(number: number, finish: finish))
        reads.send()
        network.after(TimeSpan(ImmediateRead.patience), on: asker) { [self] in
            if let oldest = reads.oldest, oldest.number <= number { end() }
        }
        transmit(after: \.lastRequest, loss: network.requestLoss, to: owner.host) { [self] in receive(request, number) }
    }

    // MARK: The owner's side

    private func receive(_ request: RoutedRequest, _ number: Int) {
        received.append(number)
        owner.receive(request) { [self] result in
            // A server that ends closes its connections.
            if result.failure?.code == RoutedFailure.refused.code {
                return network.after(.zero, on: asker) { self.end() }
            }
            answers[number] = result
            sendAnswers()
        }
    }

    private func sendAnswers() {
        while let number = received.first(where: { answers[$0] != nil }) {
            guard number == received.first || !owner.stores.keepsOrderOfAnswers else { return }
            guard let answer = answers.removeValue(forKey: number) else { return }
            received.removeAll { $0 == number }
            transmit(after: \.lastAnswer, loss: network.answerLoss, to: asker) { [self] in
                reads.removeOldest()?.finish(answer)
            }
        }
    }

    // MARK: Both

    private func transmit(
        after last: ReferenceWritableKeyPath<SharedSimulatedConnection, Moment>, loss: Double, to host: SimulatedHost,
        _ body: @escaping () -> Void
    ) {
        if isBroken { return }
        let arrives = network.send(after: &self[keyPath: last], loss: loss, to: host) { [self] in
            if !hasEnded { body() }
        }
        isBroken = !arrives
    }

    private func end() {
        hasEnded = true
        for read in reads.removeAll() { read.finish(nil) }
    }
}

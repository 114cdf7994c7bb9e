import ClusterCore

/// The faults that are still to come. Belongs to the broker's event loop.
final class FaultPlan {
    private struct Planned {
        var fault: BrokerFault
        var endMs: Int64?
    }

    private var planned: [Planned] = []

    var isEmpty: Bool { planned.isEmpty }

    func add(_ fault: BrokerFault, nowMs: Int64) {
        planned.append(Planned(fault: fault, endMs: fault.lastsMs.map { nowMs.later(byMs: $0) }))
    }

    func clear() {
        planned.removeAll()
    }

    /// The number of faults that are still to come or last.
    func count(nowMs: Int64) -> Int {
        removeEnded(nowMs: nowMs)
        return planned.count
    }

    /// Returns the effect on a request of the first fault that fits, which counts as used.
    func take(for api: API, topics: @autoclosure () -> [String], nowMs: Int64) -> BrokerFault.Effect? {
        removeEnded(nowMs: nowMs)
        for index in planned.indices {
            let fault = planned[index].fault
            guard fault.apis.isEmpty || fault.apis.contains(api) else { continue }
            if let topic = fault.topic, !topics().contains(topic) { continue }
            if fault.after > 0 {
                planned[index].fault.after -= 1
                continue
            }
            if let times = fault.times {
                planned[index].fault.times = times - 1
                if times <= 1 { planned.remove(at: index) }
            }
            return fault.effect
        }
        return nil
    }

    private func removeEnded(nowMs: Int64) {
        planned.removeAll { $0.endMs.map { $0 <= nowMs } ?? false }
    }
}

// Full tails become small segments, and segments are merged, on threads of their own. Tails do not wait for merges, unless there are too many
// segments. The two have different sources, so they may end in any order.
extension IndexCore {
    /// Takes over what was made and begins to make what is due. Returns whether the segments are others now.
    func makeSegments() throws -> Bool {
        try beginTail()
        var isChanged = false
        while true {
            for build in builds {
                guard let result = build.result else { continue }
                builds.removeAll { $0 === build }
                try withFiles { try install(result.get(), of: build) }
                isChanged = true
            }
            begin(.large, of: mergeDue)
            begin(.small, of: tailsDue)
            if builds.contains(where: { $0.result != nil }) { continue }
            guard fullTails.count > settings.waitingTails, let build = build(.small) ?? build(.large) else {
                return isChanged
            }
            build.waitForResult()
        }
    }

    /// Begins another tail and another log if the tail is full.
    private func beginTail() throws {
        let isTailFull = tail.isFull
        if isTailFull || hasFilledTail {
            // Otherwise the log would grow for ever, because some tail always has changes in it.
            hasFilledTail = false
            if disk.reason == nil { try withFiles { try files?.beginLog() } }
        }
        if isTailFull {
            fullTails.append(tail)
            tail = newTail(firstLog: files?.currentLog ?? 0)
        }
    }

    // MARK: What is due

    private func build(_ size: BuildSize) -> SegmentBuild? { builds.first { $0.size == size } }

    /// The segments that nothing is made of yet.
    private var freeSegments: [Segment] {
        let busy = Set(builds.flatMap(\.mergedSegments).map(ObjectIdentifier.init))
        // Without files those on disk stay as they are, so that memory holds only what is new.
        return segments.filter { !busy.contains(ObjectIdentifier($0)) && (!isInMemory || $0.name.isEmpty) }
    }

    private func plan(of segments: [Segment]) -> MergePlan {
        MergePlan(segments: segments.map { .init(count: $0.count, deadCount: $0.deaths.count) }, settings: settings)
    }

    /// The oldest full tails, with the segments that go into one with them; empty if none are due.
    private var tailsDue: [BuildSource] {
        // A merge that goes on will make the segments fewer.
        if fullTails.isEmpty || segments.count >= settings.segmentLimit && build(.large) != nil { return [] }
        // A few at a time, so that the first of many do not wait for the last.
        let tails = fullTails.prefix(max(1, settings.mergedCount)).map { BuildSource.tail($0.view) }
        let free = freeSegments
        return tails + plan(of: free).mergedWithTails.map { .segment(free[$0]) }
    }

    /// The segments that are merged next; empty if none are due.
    private var mergeDue: [BuildSource] {
        let free = freeSegments
        var chosen = Set(plan(of: free).merged)
        // Those that were made while the files could not be written.
        if files != nil, !isInMemory { chosen.formUnion(free.indices.filter { free[$0].name.isEmpty }) }
        return chosen.sorted().map { .segment(free[$0]) }
    }

    private func begin(_ size: BuildSize, of sources: @autoclosure () -> [BuildSource]) {
        guard build(size) == nil else { return }
        let sources = sources()
        if sources.isEmpty { return }
        let directory = isInMemory ? nil : files?.directory
        let build = SegmentBuild(
            of: sources, size, format: format, parameters: settings.graph(size),
            name: directory == nil ? "" : files?.segmentNames.next() ?? "", directory: directory)
        builds.append(build)
        if files == nil { return build.run() }
        threads.run(size) { [threads] in
            build.run(pause: { if size == .large { threads.letSmallWorkGoFirst() } })
        }
    }

    // MARK: What was made

    private func install(_ product: SegmentBuild.Product, of build: SegmentBuild) throws {
        if let segment = product.segment {
            // A row that has died while the segment was made is dead in every commit that sees the segment.
            for (row, origin) in product.origins.enumerated()
            where build.sources[Int(origin.source)].deaths.isDead(Int(origin.row)) {
                segment.deaths.record(row, at: 1)
            }
        }
        let replaced = build.mergedSegments
        let merged = Set(replaced.map(ObjectIdentifier.init))
        segments.removeAll { merged.contains(ObjectIdentifier($0)) }
        if let segment = product.segment {
            segments.append(segment)
            if !segment.name.isEmpty { disk.recordSegment() }
        }
        // The tails of a build are the oldest ones.
        fullTails.removeFirst(build.tailCount)
        try installSegments(replacing: replaced)
    }
}

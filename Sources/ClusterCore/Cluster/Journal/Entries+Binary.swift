extension RecordBatch {
    init(from reader: inout BinaryReader) throws(ChangeFormatError) {
        let bytes = try reader.data()
        do { try self.init(bytes) } catch { throw ChangeFormatError() }
    }
}

extension BatchReference {
    func write(to writer: inout BinaryWriter) {
        writer.number(segment)
        writer.number(Int64(position))
        writer.number(Int64(sizeInBytes))
        writer.number(baseOffset)
        writer.number(checksum)
    }

    init(from reader: inout BinaryReader) throws(ChangeFormatError) {
        segment = try reader.number()
        position = try reader.size()
        sizeInBytes = try reader.size()
        baseOffset = try reader.number()
        checksum = try reader.number()
    }
}

extension LogImage {
    func write(to writer: inout BinaryWriter) {
        writer.number(logStartOffset)
        writer.number(nextOffset)
        writer.number(firstDirtyOffset)
        switch content {
        case .batches(let batches):
            writer.list(batches) {
                $0.data($1.bytes)
                $0.optional(deleteHorizons[$1.baseOffset]) { $0.number($1) }
            }
        case .segments(let segments):
            writer.list(segments) { $1.write(to: &$0) }
            writer.list(deleteHorizons.sorted { $0.key < $1.key }) {
                $0.number($1.key)
                $0.number($1.value)
            }
        }
        writer.list(abortedSpans) {
            $0.number($1.producerID)
            $0.number($1.firstOffset)
            $0.number($1.lastOffset)
        }
        writer.list(producers) {
            $0.number($1.producerID)
            $1.state.write(to: &$0)
        }
    }

    /// - Parameter isOld: whether it was written before producers had timestamps.
    init(from reader: inout BinaryReader, inSegments: Bool, isOld: Bool = false) throws(ChangeFormatError) {
        logStartOffset = try reader.number()
        nextOffset = try reader.number()
        firstDirtyOffset = try reader.number()
        deleteHorizons = [:]
        if inSegments {
            content = .segments(
                try reader.list { reader throws(ChangeFormatError) in try LogSegment(from: &reader) })
            for _ in 0..<(try reader.number(UInt32.self)) {
                let baseOffset: Int64 = try reader.number()
                deleteHorizons[baseOffset] = try reader.number()
            }
        } else {
            var batches: [RecordBatch] = []
            for _ in 0..<(try reader.number(UInt32.self)) {
                let batch = try RecordBatch(from: &reader)
                batches.append(batch)
                deleteHorizons[batch.baseOffset] =
                    try reader.optional { reader throws(ChangeFormatError) in try reader.number() }
            }
            content = .batches(batches)
        }
        abortedSpans = try reader.list { reader throws(ChangeFormatError) in
            AbortedSpan(
                producerID: try reader.number(), firstOffset: try reader.number(), lastOffset: try reader.number())
        }
        producers = try reader.list { reader throws(ChangeFormatError) in
            Producer(producerID: try reader.number(), state: try ProducerState(from: &reader, isOld: isOld))
        }
    }
}

extension ProducerState {
    func write(to writer: inout BinaryWriter) {
        writer.number(epoch)
        writer.list(batches) {
            $0.number($1.firstSequence)
            $0.number($1.lastSequence)
            $0.number($1.baseOffset)
            $0.number($1.timestampMs)
        }
        writer.optional(transactionStartOffset) { $0.number($1) }
        writer.number(lastWriteMs)
        writer.number(lastTimestampMs)
        writer.number(coordinatorEpoch)
    }

    init(from reader: inout BinaryReader, isOld: Bool) throws(ChangeFormatError) {
        epoch = try reader.number()
        batches = try reader.list { reader throws(ChangeFormatError) in
            Batch(
                firstSequence: try reader.number(), lastSequence: try reader.number(),
                baseOffset: try reader.number(), timestampMs: try reader.number())
        }
        transactionStartOffset = try reader.optional { reader throws(ChangeFormatError) in try reader.number() }
        lastWriteMs = try reader.number()
        lastTimestampMs = isOld ? lastWriteMs : try reader.number()
        if !isOld { coordinatorEpoch = try reader.number() }
    }
}

extension TransactionEntry {
    func write(to writer: inout BinaryWriter) {
        writer.text(transactionalID)
        writer.number(producer.producerID)
        writer.number(producer.epoch)
        writer.number(previousProducerID)
        writer.number(lastEpoch)
        writer.number(timeoutMs)
        writer.number(state.rawValue)
        writer.list(partitions) { $0.partition($1) }
        writer.list(groups) { $0.text($1) }
        writer.number(startMs)
        writer.number(lastUpdateMs)
    }

    init(from reader: inout BinaryReader) throws(ChangeFormatError) {
        transactionalID = try reader.text()
        producer = ProducerIdentity(producerID: try reader.number(), epoch: try reader.number())
        previousProducerID = try reader.number()
        lastEpoch = try reader.number()
        timeoutMs = try reader.number()
        guard let state = TransactionState(rawValue: try reader.number()) else { throw ChangeFormatError() }
        self.state = state
        partitions = try reader.list { reader throws(ChangeFormatError) in try reader.partition() }
        groups = try reader.list { reader throws(ChangeFormatError) in try reader.text() }
        startMs = try reader.number()
        lastUpdateMs = try reader.number()
    }
}

extension GroupEntry {
    func write(to writer: inout BinaryWriter) {
        writer.text(groupID)
        writer.number(generationID)
        writer.optionalText(protocolType)
        writer.optionalText(protocolName)
        writer.optionalText(leaderID)
        writer.list(members) { $1.write(to: &$0) }
        writer.number(stateSinceMs)
    }

    init(from reader: inout BinaryReader) throws(ChangeFormatError) {
        groupID = try reader.text()
        generationID = try reader.number()
        protocolType = try reader.optionalText()
        protocolName = try reader.optionalText()
        leaderID = try reader.optionalText()
        members = try reader.list { reader throws(ChangeFormatError) in try GroupMemberEntry(from: &reader) }
        stateSinceMs = try reader.number()
    }
}

extension GroupMemberEntry {
    func write(to writer: inout BinaryWriter) {
        writer.text(memberID)
        writer.optionalText(groupInstanceID)
        writer.text(clientID)
        writer.text(clientHost)
        writer.number(sessionTimeoutMs)
        writer.number(rebalanceTimeoutMs)
        writer.list(protocols) {
            $0.text($1.name)
            $0.data($1.metadata)
        }
        writer.data(assignment)
    }

    init(from reader: inout BinaryReader) throws(ChangeFormatError) {
        memberID = try reader.text()
        groupInstanceID = try reader.optionalText()
        clientID = try reader.text()
        clientHost = try reader.text()
        sessionTimeoutMs = try reader.number()
        rebalanceTimeoutMs = try reader.number()
        protocols = try reader.list { reader throws(ChangeFormatError) in
            GroupProtocol(name: try reader.text(), metadata: try reader.data())
        }
        assignment = try reader.data()
    }
}

extension StoredOffsetEntry {
    func write(to writer: inout BinaryWriter) {
        writer.partition(partition)
        writer.number(stored.offset.offset)
        writer.number(stored.offset.leaderEpoch)
        writer.text(stored.offset.metadata)
        writer.number(stored.commitMs)
        writer.number(stored.number)
    }

    static func list(from reader: inout BinaryReader) throws(ChangeFormatError) -> [StoredOffsetEntry] {
        try reader.list { reader throws(ChangeFormatError) in
            let partition = try reader.partition()
            let offset = CommittedOffset(
                offset: try reader.number(), leaderEpoch: try reader.number(), metadata: try reader.text())
            let stored = StoredOffset(
                offset: offset, commitMs: try reader.number(), number: try reader.number())
            return StoredOffsetEntry(partition: partition, stored: stored)
        }
    }
}

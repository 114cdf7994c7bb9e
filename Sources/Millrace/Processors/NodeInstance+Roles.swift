/// The roles of the task for operators. An operator takes those that it uses.
extension NodeInstance {
    @usableFromInline var identity: any TaskIdentity { context }
    @usableFromInline var counts: any NodeCounts { context }
    @usableFromInline var drops: any DropCounter { context }
    @usableFromInline var userCode: any UserCodeCalls { context }
    @usableFromInline var origins: any RecordOrigins { context }
    @usableFromInline var resumption: any RecordOrigins & UserCodeCalls { context }
    @usableFromInline var stores: any TaskStores { context }
    @usableFromInline var topics: any TaskTopics { context }
    @usableFromInline var keptTimes: any KeptTimes { context }
    @usableFromInline var emissions: any EmissionClock { context }
    @usableFromInline var sharedObjects: any SharedObjects { context }
    @usableFromInline var observer: (any NodeObserver)? { context.observer }
    @usableFromInline var processorTask: any ProcessorTask { context }
}

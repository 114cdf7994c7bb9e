public import MillraceRuntime

extension ResolvedInstanceOptions {
    /// Describes all options with their values, and the layer that gave each: a flag, a variable of the environment, or the key of
    /// a file. Values that may be passwords, keys or tokens are hidden.
    ///
    /// ```swift
    /// let options = try instance.resolve()
    /// for setting in options.settingDescriptions(inForce: options.configuration) {
    ///     print(setting.name, setting.value ?? "hidden", setting.source)
    /// }
    /// ```
    ///
    /// - Parameter configuration: the application's configuration, which the command may have changed after the options were read;
    ///   the source of a value that is another one there is `code`.
    public func settingDescriptions(inForce configuration: StreamsConfiguration) -> [SettingDescription] {
        let defaults = ResolvedInstanceOptions(environment: [:])
        var inForce = self
        inForce.configuration = configuration
        let known = Self.settings.map { setting in
            let isChanged = setting.text(in: inForce) != setting.text(in: self)
            return SettingDescription(
                setting, in: inForce, defaults: defaults,
                origin: isChanged ? "code" : origins[setting.name]?.description ?? "default")
        }
        let ofCommand = additional.sorted { $0.key < $1.key }.map { name, value in
            SettingDescription(
                name: name, group: "Command", value: value, source: origins[name]?.description ?? "code")
        }
        return known + ofCommand
            + configuration.clientSettings.descriptions { scope, name in origins["\(scope).\(name)"]?.description }
    }
}

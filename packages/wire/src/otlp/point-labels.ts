import { WireError } from '../batch.ts';
import { byName, type LabelPair, METRIC_NAME } from '../labels.ts';
import { type KeyValue, textOf } from './any-value.ts';
import type { MetricScope } from './metric-messages.ts';
import { prometheusLabel } from './naming.ts';
import type { OtlpSettings } from './settings.ts';

const IDENTIFYING = ['service.namespace', 'service.name', 'service.instance.id'];

/** What joins all signals here: on every series under these names, whatever the strategy. */
const JOINING: readonly LabelPair[] = [
  ['service.version', 'service_version'],
  ['deployment.environment.name', 'deployment_environment_name'],
];

/** A point's labels from its attributes, its scope and its resource, as Prometheus' createAttributes lays them over each other. */
export class PointLabels {
  private readonly names = new Map<string, string>();
  private readonly settings: OtlpSettings;
  private target: readonly LabelPair[] = [];
  private promoted: readonly LabelPair[] = [];
  private scope: readonly LabelPair[] = [];
  private resourceAttributes: readonly KeyValue[] = [];

  constructor(settings: OtlpSettings) {
    this.settings = settings;
  }

  /** Takes the resource of the points that follow. @throws WireError for a promoted attribute that leaves no label name. */
  enterResource(list: readonly KeyValue[]): void {
    const { promoteAllResourceAttributes: all, promoteResourceAttributes, ignoreResourceAttributes } = this.settings;
    const attributes = new Map(list.map(({ key, value }) => [key, textOf(value)]));
    this.resourceAttributes = list;
    this.scope = [];
    const namespace = attributes.get('service.namespace') ?? '';
    const service = attributes.get('service.name');
    this.target = present([
      ['instance', attributes.get('service.instance.id') ?? ''],
      ['job', namespace === '' || service === undefined ? (service ?? '') : `${namespace}/${service}`],
    ]);
    const promoted = new Map(JOINING.map(([key, name]) => [name, attributes.get(key) ?? '']));
    const listed = new Set(all ? ignoreResourceAttributes : promoteResourceAttributes);
    for (const [key, value] of attributes) if (listed.has(key) !== all) promoted.set(this.nameOf(key), value);
    this.promoted = present([...promoted]);
  }

  /** Takes the scope of the points that follow. @throws WireError for an attribute that leaves no label name. */
  enterScope(scope: MetricScope | undefined, schemaUrl: string): void {
    this.scope = [];
    if (!this.settings.promoteScopeMetadata || scope === undefined || scope.name === '') return;
    const labels = scope.attributes.map(
      ({ key, value }): LabelPair => [this.nameOf(`otel_scope_${key}`), textOf(value)],
    );
    this.scope = [
      ...labels,
      ['otel_scope_name', scope.name],
      ['otel_scope_version', scope.version],
      ['otel_scope_schema_url', schemaUrl],
    ];
  }

  /** The labels of a point, without `__name__`, sorted; `job` and `instance` win over attributes of that name. */
  of(attributes: readonly KeyValue[]): LabelPair[] {
    const labels = this.labelsOf(attributes);
    for (const [name, value] of this.promoted) if (!labels.get(name)) labels.set(name, value);
    for (const [name, value] of this.target) labels.set(name, value);
    for (const [name, value] of this.scope) labels.set(name, value);
    return sorted(labels);
  }

  /** The labels of the resource's `target_info`, without `__name__`; undefined where it would say nothing or of nobody. */
  ofTarget(): LabelPair[] | undefined {
    const described = this.resourceAttributes.filter(({ key }) => !IDENTIFYING.includes(key));
    if (described.length === 0) return undefined;
    const labels = this.labelsOf(this.settings.keepIdentifyingResourceAttributes ? this.resourceAttributes : described);
    for (const [name, value] of this.target) labels.set(name, value);
    return labels.get('job') || labels.get('instance') ? sorted(labels) : undefined;
  }

  /** Attributes whose keys become the same label are joined by `;` in the order of their keys. */
  private labelsOf(attributes: readonly KeyValue[]): Map<string, string> {
    const byKey = new Map<string, string>();
    for (const { key, value } of attributes) if (key !== METRIC_NAME) byKey.set(key, textOf(value));
    const labels = new Map<string, string>();
    for (const [key, value] of [...byKey].sort(byName)) {
      const name = this.nameOf(key);
      const before = labels.get(name);
      labels.set(name, before ? `${before};${value}` : value);
    }
    labels.delete(METRIC_NAME);
    return labels;
  }

  private nameOf(key: string): string {
    let name = this.names.get(key);
    if (name === undefined) {
      name = prometheusLabel(key, this.settings);
      this.names.set(key, name);
    }
    if (name === '') throw new WireError(`OTLP metrics: attribute ${JSON.stringify(key)} leaves no label name`);
    return name;
  }
}

function present(pairs: LabelPair[]): LabelPair[] {
  return pairs.filter(([, value]) => value !== '');
}

function sorted(labels: ReadonlyMap<string, string>): LabelPair[] {
  return present([...labels]).sort(byName);
}

export {
  type Path,
  readYamlDocument as readRuleDocument,
  type YamlDocument as RuleDocument,
  YamlError,
} from '../config/yaml-document.ts';

{{/* Parts of NetworkPolicies: rules of `egress` and `ingress` as list items, and whom they name. */}}

{{/* Pods of one component of this release, as a peer; call with root and component. */}}
{{- define "dandelion.peer" -}}
- podSelector:
    matchLabels:
      {{- include "dandelion.selectorLabels" . | nindent 6 }}
  namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ .root.Release.Namespace }}
{{- end -}}

{{/* Pods of every namespace that train or serve, as a peer; call with a list of components. */}}
{{- define "dandelion.tenantPeer" -}}
- namespaceSelector: {}
  podSelector:
    matchLabels:
      app.kubernetes.io/part-of: dandelion
    matchExpressions:
      - key: app.kubernetes.io/component
        operator: In
        values: {{ . | toJson }}
{{- end -}}

{{/*
What a rule for addresses outside the cluster never reaches: what only a node can see, the metadata services of the
clouds among it, and the cluster's own ranges where they are told. Call with root and version ("4" or "6").
*/}}
{{- define "dandelion.closedNetworks" -}}
{{- $closed := list "169.254.0.0/16" "127.0.0.0/8" "100.100.100.200/32" "168.63.129.16/32" "192.0.0.192/32" -}}
{{- if eq .version "6" -}}
{{- $closed = list "fe80::/10" "::1/128" "fd00:ec2::254/128" "fd00:ec2::23/128" "fd20:ce::254/128" -}}
{{- end -}}
{{- range $network := .root.Values.networkPolicy.clusterCIDRs -}}
{{- if eq (ternary "6" "4" (contains ":" $network)) $.version -}}
{{- $closed = append $closed $network -}}
{{- end -}}
{{- end -}}
{{- $closed | toJson -}}
{{- end -}}

{{/* Addresses outside the cluster, as peers. */}}
{{- define "dandelion.outside" -}}
- ipBlock:
    cidr: 0.0.0.0/0
    except: {{ include "dandelion.closedNetworks" (dict "root" . "version" "4") }}
- ipBlock:
    cidr: ::/0
    except: {{ include "dandelion.closedNetworks" (dict "root" . "version" "6") }}
{{- end -}}

{{/* As above, without private networks. */}}
{{- define "dandelion.internet" -}}
{{- $v4 := concat (list "10.0.0.0/8" "172.16.0.0/12" "192.168.0.0/16" "100.64.0.0/10") (include "dandelion.closedNetworks" (dict "root" . "version" "4") | fromJsonArray) -}}
{{- $v6 := concat (list "fc00::/7") (include "dandelion.closedNetworks" (dict "root" . "version" "6") | fromJsonArray) -}}
- ipBlock:
    cidr: 0.0.0.0/0
    except: {{ $v4 | toJson }}
- ipBlock:
    cidr: ::/0
    except: {{ $v6 | toJson }}
{{- end -}}

{{- define "dandelion.toDns" -}}
- to:
    {{- toYaml .Values.networkPolicy.dns.to | nindent 4 }}
  ports:
    {{- range $port := .Values.networkPolicy.dns.ports }}
    {{- range $protocol := list "UDP" "TCP" }}
    - {port: {{ $port }}, protocol: {{ $protocol }}}
    {{- end }}
    {{- end }}
{{- end -}}

{{/* Without `to`: a node or a load balancer has no labels, and an ipBlock does not mean nodes to every network. */}}
{{- define "dandelion.toApiServer" -}}
- ports:
    {{- range $port := .Values.networkPolicy.apiServer.ports }}
    - {port: {{ $port }}, protocol: TCP}
    {{- end }}
  {{- with .Values.networkPolicy.apiServer.to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{- define "dandelion.toMlflow" -}}
- to:
    {{- include "dandelion.peer" (dict "root" . "component" "mlflow") | nindent 4 }}
  ports:
    - {port: 5000, protocol: TCP}
{{- end -}}

{{/* The S3 endpoint that everything uses. */}}
{{- define "dandelion.toStorage" -}}
{{- if .Values.minio.enabled -}}
- to:
    {{- include "dandelion.peer" (dict "root" . "component" "minio") | nindent 4 }}
  ports:
    - {port: 9000, protocol: TCP}
{{- else -}}
{{- include "dandelion.toUrl" (dict "root" . "url" (include "dandelion.s3Endpoint" .)) -}}
{{- end -}}
{{- if include "dandelion.identity" . }}
# Who gives pods a role for their account: STS, and the agent of EKS Pod Identity on each node.
- to:
    {{- include "dandelion.outside" . | nindent 4 }}
  ports:
    - {port: 443, protocol: TCP}
- to:
    - ipBlock: {cidr: 169.254.170.23/32}
    - ipBlock: {cidr: "fd00:ec2::23/128"}
  ports:
    - {port: 80, protocol: TCP}
{{- end -}}
{{- end -}}

{{/* An address somewhere: a Service's name says its namespace, and nothing of the port of its pods. */}}
{{- define "dandelion.toUrl" -}}
{{- $url := urlParse .url -}}
{{- $host := regexReplaceAll ":[0-9]+$" $url.host "" -}}
{{- $port := default (ternary "443" "80" (eq $url.scheme "https")) (trimPrefix ":" (regexFind ":[0-9]+$" $url.host)) -}}
{{- if regexMatch "^[^.]+[.][^.]+[.]svc([.].*)?$" $host -}}
- to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ index (splitList "." $host) 1 }}
{{- else -}}
- to:
    {{- include "dandelion.outside" .root | nindent 4 }}
  ports:
    - {port: {{ $port }}, protocol: TCP}
{{- end -}}
{{- end -}}

{{/* What an installation adds, to all or to one; call with root and extra. */}}
{{- define "dandelion.toExtra" -}}
{{- with concat .root.Values.networkPolicy.extraTo .extra }}
- to:
    {{- toYaml . | nindent 4 }}
{{- end }}
{{- end -}}

{{/* Rules of one component each; those of `ingress` with root and ours, a peer that is this release. */}}
{{- define "dandelion.mlflowIngress" }}
- ports:
    - port: http
  from:
    {{- .ours | nindent 4 }}
    {{- include "dandelion.tenantPeer" (list "training") | nindent 4 }}
    {{- with .root.Values.networkPolicy.mlflow.extraFrom }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}

{{- define "dandelion.minioIngress" }}
- ports:
    - port: s3
  from:
    {{- .ours | nindent 4 }}
    {{- include "dandelion.tenantPeer" (list "training" "inference") | nindent 4 }}
{{- with .root.Values.networkPolicy.minio.extraFrom }}
- ports:
    - port: s3
    - port: console
  from:
    {{- toYaml . | nindent 4 }}
{{- end }}
{{- end }}

{{- define "dandelion.operatorIngress" }}
- ports:
    - port: metrics
  from:
    {{- .ours | nindent 4 }}
    {{- with .root.Values.networkPolicy.metrics.from }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}

{{- define "dandelion.operatorEgress" }}
- to:
    {{- include "dandelion.tenantPeer" (list "training" "inference") | nindent 4 }}
- to:
    {{- include "dandelion.outside" . | nindent 4 }}
{{- end }}

{{- define "dandelion.consoleIngress" }}
- ports:
    - port: http
  {{- with .Values.networkPolicy.console.from }}
  from:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- with .Values.networkPolicy.metrics.from }}
- ports:
    - port: metrics
  from:
    {{- toYaml . | nindent 4 }}
{{- end }}
{{- end }}

{{/* The models that people ask by the console, and whoever looks into the log for it. */}}
{{- define "dandelion.consoleEgress" }}
- to:
    {{- include "dandelion.tenantPeer" (list "inference") | nindent 4 }}
  ports:
    - {port: 8080, protocol: TCP}
{{- if include "dandelion.reviews" . }}
- to:
    {{- include "dandelion.peer" (dict "root" . "component" "review") | nindent 4 }}
  ports:
    - {port: 8080, protocol: TCP}
{{- end }}
{{- with dig "oidc" "issuer" "" .Values.console }}
{{ include "dandelion.toUrl" (dict "root" $ "url" .) }}
{{- end }}
{{- end }}

{{- define "dandelion.reviewIngress" }}
- ports:
    - port: http
  from:
    {{- include "dandelion.peer" (dict "root" . "component" "console") | nindent 4 }}
{{- end }}

{{- define "dandelion.tokenReviewerIngress" }}
- ports:
    - port: http
  from:
    {{- include "dandelion.tenantPeer" (list "inference") | nindent 4 }}
- ports:
    - port: metrics
  from:
    {{- .ours | nindent 4 }}
    {{- with .root.Values.networkPolicy.metrics.from }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}

{{- define "dandelion.operatorMetrics" }}
- to:
    {{- include "dandelion.peer" (dict "root" . "component" "operator") | nindent 4 }}
  ports:
    - {port: 9090, protocol: TCP}
{{- end }}

{{- define "dandelion.toPublisher" }}
- to:
    {{- include "dandelion.internet" . | nindent 4 }}
  ports:
    - {port: 443, protocol: TCP}
{{- end }}

{{/* One policy for the pods of a component, of both directions; call with root, component, ingress and egress. */}}
{{- define "dandelion.networkPolicy" }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "dandelion.fullname" .root }}-{{ .component }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "dandelion.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "dandelion.selectorLabels" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  {{- with trim .ingress }}
  ingress:
    {{- . | nindent 4 }}
  {{- end }}
  {{- with trim .egress }}
  egress:
    {{- . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/*
What the operator makes of it for each ModelDeployment, beside whose pods it lies: rules for training and serving, and
the peers that an endpoint or addresses of its own take.
*/}}
{{- define "dandelion.tenantPolicies" -}}
{{- $settings := .Values.networkPolicy -}}
{{- $operator := include "dandelion.peer" (dict "root" . "component" "operator") -}}
metrics:
  {{- $operator | nindent 2 }}
  {{- with $settings.metrics.from }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- /* Where not everybody may call, the operator asks whether a model answers all the same, and people show it images. */}}
callers:
  {{- with $settings.serving.from }}
  {{- $operator | nindent 2 }}
  {{- if $.Values.console.enabled }}
  {{- include "dandelion.peer" (dict "root" $ "component" "console") | nindent 2 }}
  {{- end }}
  {{- toYaml . | nindent 2 }}
  {{- else }} []
  {{- end }}
training:
  {{- include "dandelion.toDns" . | nindent 2 }}
  {{- include "dandelion.toStorage" . | nindent 2 }}
  {{- include "dandelion.toMlflow" . | nindent 2 }}
  {{- include "dandelion.toExtra" (dict "root" . "extra" $settings.training.extraTo) | nindent 2 }}
serving:
  {{- include "dandelion.toDns" . | nindent 2 }}
  {{- include "dandelion.toStorage" . | nindent 2 }}
  {{- include "dandelion.toExtra" (dict "root" . "extra" $settings.serving.extraTo) | nindent 2 }}
asking:
  - to:
      {{- include "dandelion.peer" (dict "root" . "component" "token-reviewer") | nindent 6 }}
outside:
  {{- include "dandelion.outside" . | nindent 2 }}
internet:
  {{- include "dandelion.internet" . | nindent 2 }}
{{- end -}}

{{- define "dandelion.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 30 | trimSuffix "-" -}}
{{- end -}}

{{/* First part of every name. 40 characters leave room for "-operator-metrics" in 63. */}}
{{- define "dandelion.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "dandelion.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Labels that select the pods of one component. Never change: a Deployment's selector is immutable. */}}
{{- define "dandelion.selectorLabels" -}}
app.kubernetes.io/name: {{ include "dandelion.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "dandelion.labels" -}}
{{ include "dandelion.selectorLabels" . }}
app.kubernetes.io/part-of: dandelion
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "dandelion.podLabels" -}}
{{ include "dandelion.selectorLabels" . }}
app.kubernetes.io/part-of: dandelion
{{- with .extra }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "dandelion.image" -}}
{{- printf "%s:%s" .image.repository (default .root.Chart.AppVersion .image.tag) -}}
{{- end -}}

{{- define "dandelion.operatorServiceAccount" -}}
{{- if .Values.operator.serviceAccount.create -}}
{{- default (printf "%s-operator" (include "dandelion.fullname" .)) .Values.operator.serviceAccount.name -}}
{{- else -}}
{{- required "operator.serviceAccount.create is false: write the name of an existing one in operator.serviceAccount.name" .Values.operator.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* "true" where pods run with the images' own IDs; OpenShift wants to choose them for each namespace. */}}
{{- define "dandelion.fixedIds" -}}
{{- $fixed := toString .Values.podSecurity.fixedIds -}}
{{- if or (eq $fixed "true") (and (eq $fixed "auto") (not (.Capabilities.APIVersions.Has "security.openshift.io/v1"))) -}}true{{- end -}}
{{- end -}}

{{/* Pod Security "restricted", with a numeric user that owns nothing in the images. */}}
{{- define "dandelion.podSecurityContext" -}}
runAsNonRoot: true
{{- if include "dandelion.fixedIds" . }}
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
{{- end }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "dandelion.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "dandelion.scheduling" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{- define "dandelion.imagePullSecrets" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The S3 endpoint that everything uses, as a URL. */}}
{{- define "dandelion.s3Endpoint" -}}
{{- if .Values.minio.enabled -}}
{{- if .Values.s3.endpoint -}}
{{- fail "s3.endpoint names an endpoint of yours, but minio.enabled is true: write minio.enabled=false to use yours, or leave s3.endpoint out to use the chart's MinIO" -}}
{{- end -}}
{{- if .Values.s3.caBundle -}}
{{- fail "s3.caBundle is for an s3.endpoint of yours, but minio.enabled is true: write minio.enabled=false, or leave s3.caBundle out" -}}
{{- end -}}
http://{{ include "dandelion.fullname" . }}-minio.{{ .Release.Namespace }}.svc:9000
{{- else -}}
{{- required "minio.enabled is false: write the URL of your S3 endpoint in s3.endpoint, for example https://s3.eu-west-3.amazonaws.com" .Values.s3.endpoint -}}
{{- end -}}
{{- end -}}

{{/* "true" where S3 is reached by ServiceAccounts; what cannot be together with it is refused. */}}
{{- define "dandelion.identity" -}}
{{- $root := . -}}
{{- $identity := .Values.s3.identity -}}
{{- range $who, $annotations := $identity.serviceAccountAnnotations -}}
{{- if and $annotations (not $identity.enabled) -}}
{{- fail (printf "s3.identity.serviceAccountAnnotations.%s has no effect without s3.identity.enabled: write s3.identity.enabled=true, or leave it out" $who) -}}
{{- end -}}
{{- end -}}
{{- if $identity.enabled -}}
{{- if .Values.minio.enabled -}}
{{- fail "s3.identity.enabled is for an S3 endpoint that gives keys for ServiceAccounts, as AWS does; the chart's MinIO has keys of its own: write minio.enabled=false and the endpoint in s3.endpoint, or leave s3.identity out" -}}
{{- end -}}
{{- range $use := list "training" "inference" "mlflow" "logs" -}}
{{- if (index $root.Values.s3 $use).existingSecret -}}
{{- fail (printf "s3.%s.existingSecret names a key, but with s3.identity.enabled there are none: leave it out, or s3.identity" $use) -}}
{{- end -}}
{{- end -}}
{{- if eq (toString .Values.s3.sts.enabled) "true" -}}
{{- fail "s3.sts.enabled=true gives pods keys in Secrets, and s3.identity.enabled has them go by their ServiceAccounts: leave one of them out" -}}
{{- end -}}
true
{{- end -}}
{{- end -}}

{{/* Name of the Secret from which it follows what is signed with, where there are no keys. */}}
{{- define "dandelion.signingSecret" -}}
{{- default (printf "%s-signing" (include "dandelion.fullname" .)) .Values.s3.identity.signing.existingSecret -}}
{{- end -}}

{{- define "dandelion.generatesSigningSecret" -}}
{{- if and (include "dandelion.identity" .) (not .Values.s3.identity.signing.existingSecret) -}}true{{- end -}}
{{- end -}}

{{/* Name of the Secret with one use's S3 key; call with root and use. */}}
{{- define "dandelion.s3Secret" -}}
{{- $settings := index .root.Values.s3 .use -}}
{{- if $settings.existingSecret -}}
{{- $settings.existingSecret -}}
{{- else if .root.Values.minio.enabled -}}
{{- printf "%s-s3-%s" (include "dandelion.fullname" .root) .use -}}
{{- else -}}
{{- fail (printf "minio.enabled is false: create a Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for your endpoint and write its name in s3.%s.existingSecret, or write s3.identity.enabled=true where pods reach it by their ServiceAccounts" .use) -}}
{{- end -}}
{{- end -}}

{{/* "true" where predictions are logged unless a ModelDeployment says otherwise. */}}
{{- define "dandelion.logs" -}}
{{- $enabled := toString .Values.inference.log.enabled -}}
{{- if or (eq $enabled "true") (and (eq $enabled "auto") (or .Values.minio.enabled .Values.s3.logs.existingSecret .Values.s3.identity.enabled)) -}}true{{- end -}}
{{- end -}}

{{/* "true" where answers are reviewed in the console. */}}
{{- define "dandelion.reviews" -}}
{{- $enabled := toString .Values.console.review.enabled -}}
{{- $possible := and .Values.rbac.create (not .Values.operator.watchNamespaces) (include "dandelion.logs" .) -}}
{{- if and .Values.console.enabled (or (eq $enabled "true") (and (eq $enabled "auto") $possible)) -}}true{{- end -}}
{{- end -}}

{{/* What the console's tokens for the review service are bound to: of no use anywhere else. */}}
{{- define "dandelion.reviewAudience" -}}
review.dandelion.dev
{{- end -}}

{{/* The uses of S3, each with a key of its own, space separated; empty where there are none. */}}
{{- define "dandelion.s3Uses" -}}
{{- if not (include "dandelion.identity" .) -}}
training inference mlflow{{ if include "dandelion.logs" . }} logs{{ end }}
{{- end -}}
{{- end -}}

{{/* "true" where there is a token reviewer, which asks the API server who calls for serving pods. */}}
{{- define "dandelion.clusterTokens" -}}
{{- $wanted := toString .Values.rbac.clusterTokens -}}
{{- if or (eq $wanted "true") (and (eq $wanted "auto") (not .Values.operator.watchNamespaces)) -}}true{{- end -}}
{{- end -}}

{{/*
Which namespaces are looked after: Listed, Labelled or All. A release that looked after all of them before there was a
label goes on doing so: its role is the one that reads Secrets everywhere. So does one whose roles are not the chart's.
*/}}
{{- define "dandelion.looksAfter" -}}
{{- if .Values.operator.watchNamespaces -}}Listed
{{- else if ne .Values.operator.namespaces "auto" -}}{{ .Values.operator.namespaces }}
{{- else if not .Values.rbac.create -}}All
{{- else -}}
{{- $role := lookup "rbac.authorization.k8s.io/v1" "ClusterRole" "" (printf "%s-operator" (include "dandelion.fullname" .)) -}}
{{- $found := "Labelled" -}}
{{- range (default dict $role).rules -}}
{{- if has "secrets" (default list .resources) -}}{{- $found = "All" -}}{{- end -}}
{{- end -}}
{{- $found -}}
{{- end -}}
{{- end -}}

{{/* "true" where a policy holds the operator's account to what the operator does. */}}
{{- define "dandelion.operatorPolicy" -}}
{{- $wanted := toString .Values.rbac.policy -}}
{{- $looksAfter := include "dandelion.looksAfter" . -}}
{{- $listed := eq $looksAfter "Listed" -}}
{{- if and (eq $wanted "false") .Values.rbac.create (eq $looksAfter "Labelled") -}}
{{- fail "rbac.policy is false, but without it the operator's role lets its account into any namespace, labelled or not: leave it out, or write operator.namespaces=All or names in operator.watchNamespaces" -}}
{{- end -}}
{{- if or (eq $wanted "true") (and (eq $wanted "auto") .Values.rbac.create (not $listed)) -}}true{{- end -}}
{{- end -}}

{{- define "dandelion.minioRootSecret" -}}
{{- default (printf "%s-minio-root" (include "dandelion.fullname" .)) .Values.minio.existingSecret -}}
{{- end -}}

{{/* Names of the S3 Secrets that the set-up makes, space separated; empty where all are given. */}}
{{- define "dandelion.generatedS3Secrets" -}}
{{- $root := . -}}
{{- $names := list -}}
{{- if .Values.minio.enabled -}}
{{- range $use := splitList " " (include "dandelion.s3Uses" .) -}}
{{- if not (index $root.Values.s3 $use).existingSecret -}}
{{- $names = append $names (include "dandelion.s3Secret" (dict "root" $root "use" $use)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- join " " $names -}}
{{- end -}}

{{/* Name of the Secret with the key that the console's sessions are encrypted with. */}}
{{- define "dandelion.consoleSecret" -}}
{{- default (printf "%s-console" (include "dandelion.fullname" .)) .Values.console.existingSecret -}}
{{- end -}}

{{- define "dandelion.generatesRootSecret" -}}
{{- if and .Values.minio.enabled (not .Values.minio.existingSecret) -}}true{{- end -}}
{{- end -}}

{{- define "dandelion.generatesConsoleSecret" -}}
{{- if and .Values.console.enabled (not .Values.console.existingSecret) -}}true{{- end -}}
{{- end -}}

{{- define "dandelion.generatesSecrets" -}}
{{- if or (include "dandelion.generatesRootSecret" .) (include "dandelion.generatedS3Secrets" .) (include "dandelion.generatesSigningSecret" .) (include "dandelion.generatesConsoleSecret" .) -}}true{{- end -}}
{{- end -}}

{{/* "true" where MLflow asks the cluster who may do what, which takes cluster roles. */}}
{{- define "dandelion.mlflowAsksTheCluster" -}}
{{- $mode := .Values.mlflow.auth.mode -}}
{{- if or (eq $mode "Kubernetes") (and (eq $mode "auto") .Values.rbac.create (not .Values.operator.watchNamespaces)) -}}true{{- end -}}
{{- end -}}

{{/* What tokens for MLflow are bound to: of no use anywhere else. */}}
{{- define "dandelion.mlflowAudience" -}}
mlflow.dandelion.dev
{{- end -}}

{{/* How each model is reached from outside, as the operator reads it. */}}
{{- define "dandelion.servingRoute" -}}
{{- $route := .Values.serving.route -}}
{{- if not $route.parentRefs -}}
{{- fail "serving.route.enabled is true: name your Gateway in serving.route.parentRefs, for example [{name: public, namespace: gateways, sectionName: https}]" -}}
{{- end -}}
{{- if not $route.hostnames -}}
{{- fail "serving.route.enabled is true: write how models are called in serving.route.hostnames, for example [\"{name}.{namespace}.models.example.com\"]" -}}
{{- end -}}
{{- include "dandelion.modelHostnames" (dict "root" . "way" "route") -}}
{{- omit $route "enabled" | toJson -}}
{{- end -}}

{{- define "dandelion.servingIngress" -}}
{{- $ingress := .Values.serving.ingress -}}
{{- if not $ingress.hostnames -}}
{{- fail "serving.ingress.enabled is true: write how models are called in serving.ingress.hostnames, for example [\"{name}.{namespace}.models.example.com\"]" -}}
{{- end -}}
{{- include "dandelion.modelHostnames" (dict "root" . "way" "ingress") -}}
{{- omit $ingress "enabled" | toJson -}}
{{- end -}}

{{/* Refuses a name that models of several namespaces would share; call with root, way. */}}
{{- define "dandelion.modelHostnames" -}}
{{- range $hostname := (index .root.Values.serving .way).hostnames -}}
{{- if and (not (contains "{namespace}" $hostname)) (ne (len $.root.Values.operator.watchNamespaces) 1) -}}
{{- fail (printf "serving.%s.hostnames: %s is one name for the models of several namespaces: begin it with {name}.{namespace}, or name one namespace in operator.watchNamespaces" $.way $hostname) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "dandelion.mlflowUrl" -}}
http://{{ include "dandelion.fullname" . }}-mlflow.{{ .Release.Namespace }}.svc:5000
{{- end -}}

{{/* "true" where an object of the Prometheus Operator is to be rendered; call with root, kind, enabled. */}}
{{- define "dandelion.monitored" -}}
{{- $enabled := toString .enabled -}}
{{- if or (eq $enabled "true") (and (eq $enabled "auto") (.root.Capabilities.APIVersions.Has (printf "monitoring.coreos.com/v1/%s" .kind))) -}}true{{- end -}}
{{- end -}}

{{/* What both set-up Jobs share. */}}
{{- define "dandelion.setupPod" -}}
# Never: the pods of failed attempts stay, and with them what they said.
restartPolicy: Never
{{ include "dandelion.imagePullSecrets" . }}
{{ include "dandelion.scheduling" .Values.setup }}
securityContext:
  {{- include "dandelion.podSecurityContext" . | nindent 2 }}
{{- end -}}

{{/* Addresses as fnmatch patterns that no DNS name fits: a name whose last label is a number does not exist. */}}
{{- define "dandelion.privateAddresses" -}}
{{- $patterns := list -}}
{{- range $network := list "10.*" "192.168.*" "172.1[6-9].*" "172.2[0-9].*" "172.3[01].*" "100.6[4-9].*" "100.[7-9][0-9].*" "100.1[01][0-9].*" "100.12[0-7].*" -}}
{{- range $last := list "[0-9]" "[0-9][0-9]" "[0-9][0-9][0-9]" -}}
{{- $patterns = append $patterns (printf "%s.%s" $network $last) -}}
{{- end -}}
{{- end -}}
{{- join "," $patterns -}}
{{- end -}}

{{/* Host headers that MLflow answers to. */}}
{{- define "dandelion.mlflowHosts" -}}
{{- $service := printf "%s-mlflow" (include "dandelion.fullname" .) -}}
{{- $hosts := list "localhost" "mlflow.localhost" "127.0.0.1" "[::1]" "[[]f[cd]*]" $service (printf "%s.%s" $service .Release.Namespace) (printf "%s.%s.svc" $service .Release.Namespace) -}}
{{- $hosts = append $hosts (printf "%s.%s.svc.cluster.local" $service .Release.Namespace) -}}
{{- $hosts = concat $hosts (splitList "," (include "dandelion.privateAddresses" .)) .Values.mlflow.allowedHosts .Values.mlflow.route.hostnames .Values.mlflow.ingress.hostnames -}}
{{- $patterns := list -}}
{{- range $host := $hosts -}}
{{- $patterns = append $patterns $host -}}
{{- if not (regexMatch ":[0-9*]+$" $host) -}}
{{- $patterns = append $patterns (printf "%s:*" (replace "[::" "[[]::" $host)) -}}
{{- end -}}
{{- end -}}
{{- join "," $patterns -}}
{{- end -}}

{{/*
Pages that may change something in MLflow: its own, under each of those names. Browsers name the page in every POST,
and MLflow refuses what it was not told of, its own page included. MLflow reads each entry twice: as an fnmatch
pattern for what it refuses, and as the beginning of a regular expression for who may read answers across origins.
"[!x]" is any character but x to the first and "!" or "x" to the second, so that no name that merely begins like
one of these may read anything.
*/}}
{{- define "dandelion.mlflowOrigins" -}}
{{- $origins := list -}}
{{- range $host := splitList "," (include "dandelion.mlflowHosts" .) -}}
{{- $separator := ternary "[!x]/" "//" (or (contains "*" $host) (contains "[" $host)) -}}
{{- $origins = concat $origins (list (printf "http:%s%s" $separator $host) (printf "https:%s%s" $separator $host)) -}}
{{- end -}}
{{- join "," (concat $origins .Values.mlflow.corsAllowedOrigins) -}}
{{- end -}}

{{/* Where browsers reach MLflow, or nothing where nobody says. */}}
{{- define "dandelion.mlflowForBrowsers" -}}
{{- with .Values.mlflow -}}
{{- if $.Values.console.links.mlflow -}}
{{- $.Values.console.links.mlflow -}}
{{- else if and .route.enabled .route.hostnames -}}
https://{{ first .route.hostnames }}
{{- else if and .ingress.enabled .ingress.hostnames -}}
{{ ternary "https" "http" (not (empty .ingress.tls)) }}://{{ first .ingress.hostnames }}
{{- end -}}
{{- end -}}
{{- end -}}

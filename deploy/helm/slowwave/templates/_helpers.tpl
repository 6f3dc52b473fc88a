{{- define "slowwave.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "slowwave.names" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "slowwave.labels" -}}
{{ include "slowwave.names" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* The pods of the daemon, and no others: a Deployment's selector, which can never change. */}}
{{- define "slowwave.daemon" -}}
{{ include "slowwave.names" . }}
app.kubernetes.io/component: daemon
{{- end -}}

{{- define "slowwave.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{- define "slowwave.shutdownSeconds" -}}
{{- $shutdown := .Values.config.shutdown | default dict -}}
{{- if kindIs "map" $shutdown -}}{{- index .Values.config "shutdown.seconds" | default (index $shutdown "seconds" | default 20) -}}{{- end -}}
{{- end -}}

{{- define "slowwave.asksEndpoint" -}}
{{- $section := index .values.config .name | default dict -}}
{{- if or (index $section "base_url") (index .values.config (printf "%s.base_url" .name)) -}}true{{- end -}}
{{- end -}}

{{/* slowwave.yaml: what the values say, and the paths of what is mounted. */}}
{{- define "slowwave.config" -}}
{{- $mounted := dict -}}
{{- if .Values.tls.secret -}}
{{- $tls := dict "cert_file" "/run/secrets/slowwave/tls/tls.crt" "key_file" "/run/secrets/slowwave/tls/tls.key" -}}
{{- if .Values.tls.clientCa -}}{{- $_ := set $tls "client_ca_file" "/run/secrets/slowwave/tls/ca.crt" -}}{{- end -}}
{{- $_ := set $mounted "tls" $tls -}}
{{- end -}}
{{- if .Values.auth.secret -}}
{{- $_ := set $mounted "auth" (dict "tokens_file" "/run/secrets/slowwave/tokens/tokens.yaml") -}}
{{- end -}}
{{- if eq .Values.store.kind "postgres" -}}
{{- $_ := set $mounted "store" (dict "migrate" (ternary "check" "auto" .Values.migration.enabled)) -}}
{{- else -}}
{{- $_ := set $mounted "data_dir" "/var/lib/slowwave" -}}
{{- end -}}
{{- range $name := list "llm" "embedding" -}}
{{- if and (index $.Values $name).secret (include "slowwave.asksEndpoint" (dict "values" $.Values "name" $name)) -}}
{{- $_ := set $mounted $name (dict "api_key_file" (printf "/run/secrets/slowwave/%s/api-key" $name)) -}}
{{- end -}}
{{- end -}}
{{- mergeOverwrite (deepCopy .Values.config) $mounted | toYaml -}}
{{- end -}}

{{/* What cannot work is refused here rather than by pods that do not start. */}}
{{- define "slowwave.check" -}}
{{- if and (eq .Values.store.kind "embedded") (or (ne (int .Values.replicas) 1) (ne .Values.autoscaling.kind "none")) -}}
{{- fail "store.kind embedded: one daemon owns the file; set replicas: 1 and autoscaling.kind: none" -}}
{{- end -}}
{{- if and (or (not .Values.tls.secret) (not .Values.auth.secret)) (ne (toString .Values.config.allow_insecure_listen) "true") -}}
{{- fail "without tls.secret and auth.secret the daemon listens beyond loopback only with config.allow_insecure_listen: true" -}}
{{- end -}}
{{- if hasKey (.Values.config.store | default dict) "url" -}}
{{- fail "config.store.url would be readable in a config map: put it in the secret that store.secret names" -}}
{{- end -}}
{{- end -}}

{{/* Optional in kustomize, where no template can tell; mounted here if it is used. */}}
{{- define "slowwave.mountsKey" -}}
{{- if and (index .values .name).secret (include "slowwave.asksEndpoint" .) -}}true{{- end -}}
{{- end -}}

{{- define "slowwave.migrationLimits" -}}
resources:
  requests: {cpu: 100m, memory: 64Mi}
  limits: {memory: 256Mi}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end -}}
